-- Loads the README's block for Neovim, in the file $CONFIGURATION, against a stand-in for nvim-dap: `dap` and `dap.utils` with what the
-- block names. Then does what nvim-dap does with them: calls the values that are functions, starts the adapter, speaks to it over
-- stdin and stdout. Prints what it is told.
local dap = { adapters = {}, configurations = {} }
package.preload["dap"] = function() return dap end
package.preload["dap.utils"] = function()
  return { pick_process = function() return tonumber(os.getenv("VICTIM")) end }
end
local function told(...) io.stdout:write(string.format(...) .. "\n") end

dofile(os.getenv("CONFIGURATION"))

local configuration = {}
for key, value in pairs(dap.configurations.c[1]) do
  configuration[key] = type(value) == "function" and value() or value
end
local adapter = dap.adapters[configuration.type]
assert(adapter.type == "executable")

local buffer, answers, events = "", {}, {}
local function read(_, data)
  buffer = buffer .. table.concat(data, "\n")
  while true do
    local _, stop, length = buffer:find("Content%-Length: (%d+)\r\n\r\n")
    if not stop or #buffer < stop + length then return end
    local message = vim.json.decode(buffer:sub(stop + 1, stop + length))
    buffer = buffer:sub(stop + length + 1)
    if message.type == "response" then answers[message.request_seq] = message end
    if message.type == "event" then events[message.event] = message end
  end
end
local ended
local job = vim.fn.jobstart(vim.list_extend({ adapter.command }, adapter.args), {
  on_stdout = read,
  on_exit = function(_, code) ended = code end,
})
assert(job > 0, "the adapter has not started")

local seq = 0
local function send(command, arguments)
  seq = seq + 1
  local text = vim.json.encode({ seq = seq, type = "request", command = command, arguments = arguments or vim.empty_dict() })
  vim.fn.chansend(job, string.format("Content-Length: %d\r\n\r\n%s", #text, text))
  return seq
end
local function wait(what, condition) assert(vim.wait(30000, condition, 20), "not seen: " .. what) end
local function ask(command, arguments)
  local own = send(command, arguments)
  wait(command, function() return answers[own] end)
  assert(answers[own].success, answers[own].message)
  return answers[own].body
end

ask("initialize", { adapterID = configuration.type })
wait("initialized", function() return events.initialized end)
ask("attach", configuration)
ask("configurationDone")
wait("stopped", function() return events.stopped end)
for _, thread in ipairs(ask("threads").threads) do told("THREAD %d %s", thread.id, thread.name) end
told("ANSWER %s", ask("evaluate", { expression = "pending", context = "repl" }).result)
ask("disconnect")
vim.fn.chanclose(job, "stdin")
wait("its end", function() return ended end)
told("ENDED %d", ended)

import { describe, expect, it } from 'vitest';
import type { KernelFrame } from '../../../src/model/sample';
import { choosePlace } from '../../../src/source/kernelChoice';
import { definitionsInAssembly, definitionsInC } from '../../../src/source/kernelDefinitions';
import { isIndexed, KernelIndex, KernelIndexBuilder } from '../../../src/source/kernelIndex';
import { sourceNames } from '../../../src/source/kernelNames';

const places = (text: string) => definitionsInC(text).map(({ name, line }) => `${name}:${line}`);

describe('definitions in C', () => {
  it('are functions with a body, however their head is broken up', () => {
    expect(
      places(`
static int one(struct file *file, int (*done)(int),
	       const char *name)
{
	two(file);
	return done(1);
}

static inline struct page *
three(void) { return 0; }

__printf(2, 3) void four(char *to, const char *format, ...)
{
}
static noinline void __sched five(void)
	__releases(&lock) __must_hold(x)
	/* taken by one() { */
{
}
`),
    ).toEqual(['one:2', 'three:10', 'four:12', 'five:15']);
  });

  it('are no declarations, calls, macros, data or statements', () => {
    expect(
      places(`
extern int declared(int a);
int declared_too(int a)
	__attribute__((const));
#define macro(x) \\
	({ x; })
EXPORT_SYMBOL(used);
module_init(begin)
static const struct ops ops = { .read = used(1) };
struct thing {
	int (*call)(void);
};
if (x) {
}
	indented(void) {
`),
    ).toEqual([]);
  });

  it('have the names that macros make of them', () => {
    const text = `SYSCALL_DEFINE6(io_uring_enter, unsigned int, fd, u32, to_submit)
{
}
COMPAT_SYSCALL_DEFINE3(ioctl, unsigned int, fd, u32, a, u32, b)
{
}
SYSCALL_DEFINE0(getpid)
{
}
BPF_CALL_2(bpf_get, int, a)
{
}
DEFINE_IDTENTRY_RAW_ERRORCODE(exc_page_fault)
{
}
`;
    expect(places(text)).toEqual([
      '__do_sys_io_uring_enter:1',
      '__do_compat_sys_ioctl:4',
      '__do_sys_getpid:7',
      'bpf_get:10',
      'exc_page_fault:13',
    ]);
  });

  it('that do nothing are known from others', () => {
    const text = 'int a(void)\n{\n\treturn 0;\n}\nvoid b(void) { }\nint c(void)\n{\n\tx();\n\treturn 0;\n}\n';
    expect(definitionsInC(text).map(({ stub }) => stub)).toEqual([true, true, false]);
  });

  it.each([
    `int f(${'('.repeat(100_000)}`,
    'f(\n'.repeat(50_000),
    'f() /*'.repeat(20_000),
    'a(){'.repeat(50_000),
  ])('cost little in hostile text', (text) => {
    const started = performance.now();
    definitionsInC(text);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

it('assembly declares functions with old and new macros', () => {
  const text = `ENTRY(old_one)
	ret
END(old_one)
SYM_FUNC_START(new_one)
SYM_CODE_START_LOCAL(local_one)
SYM_INNER_LABEL(entry_after_hwframe, SYM_L_GLOBAL)
SYM_FUNC_START_LOCAL_NOALIGN( spaced )
SYM_TYPED_FUNC_START(typed)
SYM_FUNC_END(new_one)
`;
  const names = definitionsInAssembly(text).map(({ name, line }) => `${name}:${line}`);
  expect(names).toEqual([
    'old_one:1',
    'new_one:4',
    'local_one:5',
    'entry_after_hwframe:6',
    'spaced:7',
    'typed:8',
  ]);
});

it.each([
  ['do_filp_open.isra.0.cold', ['do_filp_open']],
  ['__x64_sys_read', ['__do_sys_read', '__x64_sys_read']],
  ['__arm64_sys_read', ['__do_sys_read', '__arm64_sys_read']],
  ['__do_sys_io_uring_enter', ['__do_sys_io_uring_enter', '__do_sys_io_uring_enter']],
  ['__arm64_compat_sys_ioctl', ['__do_compat_sys_ioctl', '__do_sys_ioctl', '__arm64_compat_sys_ioctl']],
  ['asm_exc_page_fault', ['asm_exc_page_fault', 'exc_page_fault']],
  ['ksys_read', ['ksys_read']],
])('the sources may have %s as %j', (symbol, names) => {
  expect(sourceNames(symbol)).toEqual(names);
});

const body = (head: string) => `${head}\n{\n\twork();\n\tmore();\n}\n`;
const TREE: Readonly<Record<string, string>> = {
  'arch/arm64/kernel/entry.S': 'SYM_CODE_START(ret_from_fork)\n',
  'arch/x86/entry/entry_64.S': '\nSYM_CODE_START(ret_from_fork)\n',
  'arch/x86/entry/entry_32.S': 'SYM_CODE_START(ret_from_fork)\n',
  'drivers/nvme/host/rdma.c': body('static void stop_queue(void)'),
  'drivers/nvme/host/tcp.c': body('static void stop_queue(void)'),
  'fs/ext4/file.c': body('static int ext4_file_read(void)') + body('static int read_iter(void)'),
  'fs/ext4/inode.c': body('int ext4_get_block(void)'),
  'fs/read_write.c': body('SYSCALL_DEFINE3(read, int, fd)') + body('ssize_t vfs_read(void)'),
  'fs/xfs/xfs_file.c': body('static int read_iter(void)'),
  'mm/memory.c': body('int access_remote_vm(void)'),
  'mm/nommu.c': body('int access_remote_vm(void)'),
  'include/linux/quota.h': 'static inline int dquot_wait(void)\n{\n\treturn 0;\n}\n',
  'fs/quota/dquot.c': body('int dquot_wait(void)'),
};

function indexOf(tree: Readonly<Record<string, string>>): KernelIndex {
  const builder = new KernelIndexBuilder();
  for (const [file, text] of Object.entries(tree)) if (isIndexed(file)) builder.add(file, text);
  const index = KernelIndex.parse(builder.finish('the tree'), 'the tree');
  if (!index) throw new Error('the index does not read what it has written');
  return index;
}

const frame = (name: string, module: string | null = null): KernelFrame => ({
  function: name,
  offset: 1,
  size: 2,
  module,
});

/** Where the first of these frames is, the others further out. */
function chosen(stack: readonly KernelFrame[], arch = 'x86_64'): readonly string[] {
  const [first] = stack;
  if (!first) return [];
  const { fitting } = choosePlace(indexOf(TREE), { frame: first, stack, arch });
  return fitting.map(({ file, line }) => `${file}:${line}`);
}

describe('the index', () => {
  it('finds every name it has and no other', () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, at) => [
        `d/f${at}.c`,
        body(`void f${at}(void)`) + body('void shared(void)'),
      ]),
    );
    const index = indexOf(many);
    for (let at = 0; at < 300; at++)
      expect(index.find(`f${at}`)).toEqual([{ file: `d/f${at}.c`, line: 1, stub: false }]);
    expect(index.find('shared')).toHaveLength(300);
    for (const name of ['', 'f', 'f300', 'a', 'zz', 'share', 'shared2']) expect(index.find(name)).toEqual([]);
  });

  it('is not taken for one of another tree, nor when it is cut or leads out of the tree', () => {
    const builder = new KernelIndexBuilder();
    builder.add('a.c', body('void f(void)'));
    const bytes = builder.finish('one');
    expect(KernelIndex.parse(bytes, 'one')?.find('f')).toHaveLength(1);
    expect(KernelIndex.parse(bytes, 'two')).toBeUndefined();
    for (let end = 0; end < bytes.length; end++)
      expect(KernelIndex.parse(bytes.subarray(0, end), 'one')).toBeUndefined();
    for (const file of ['../a.c', '/etc/a.c', 'b/../../a.c']) {
      const outside = Buffer.from(bytes.toString('latin1').replace('a.c', file), 'latin1');
      expect(KernelIndex.parse(outside, 'one')).toBeUndefined();
    }
  });
});

describe('of several functions of one name', () => {
  it('the one near the other frames is taken', () => {
    expect(chosen([frame('read_iter'), frame('ext4_file_read'), frame('vfs_read')])).toEqual([
      'fs/ext4/file.c:6',
    ]);
    expect(chosen([frame('read_iter'), frame('vfs_read')])).toEqual([
      'fs/ext4/file.c:6',
      'fs/xfs/xfs_file.c:1',
    ]);
  });

  it('the one of the frame’s module is taken, even against the other frames', () => {
    expect(chosen([frame('read_iter', 'xfs'), frame('ext4_get_block')])).toEqual(['fs/xfs/xfs_file.c:1']);
    expect(chosen([frame('stop_queue', 'nvme_tcp')])).toEqual(['drivers/nvme/host/tcp.c:1']);
    expect(chosen([frame('stop_queue', 'nvme_rdma')])).toEqual(['drivers/nvme/host/rdma.c:1']);
  });

  it('the host’s architecture counts, and what does nothing or is of other machines does not', () => {
    expect(chosen([frame('ret_from_fork')])).toEqual(['arch/x86/entry/entry_64.S:2']);
    expect(chosen([frame('ret_from_fork')], 'aarch64')).toEqual(['arch/arm64/kernel/entry.S:1']);
    expect(chosen([frame('access_remote_vm')])).toEqual(['mm/memory.c:1']);
    expect(chosen([frame('dquot_wait')])).toEqual(['fs/quota/dquot.c:1']);
  });
});

it('a system call is found as its macro', () => {
  expect(chosen([frame('__x64_sys_read')])).toEqual(['fs/read_write.c:1']);
  expect(chosen([frame('__x64_sys_write')])).toEqual([]);
});

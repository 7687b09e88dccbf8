;; Drives Emacs' dap-mode as a user would: attaches, waits for the stack, asks for the threads, evaluates, disconnects. Prints what
;; it is told. The configuration is the README's own, in the file $CONFIGURATION; the process is $VICTIM.
(setq user-emacs-directory default-directory
      dap-auto-configure-features nil
      dap-breakpoints-file (expand-file-name "breakpoints"))
(require 'package)
(package-initialize)
(load (getenv "CONFIGURATION") nil t)
(dap-mode 1)

(defun told (what &rest args) (princ (apply #'format (concat what "\n") args)))

(defun wait-for (condition)
  (let ((tries 0))
    (while (and (not (funcall condition)) (< tries 300))
      (accept-process-output nil 0.1)
      (setq tries (1+ tries)))))

(defun ask (session command args key)
  "The list that the answer to a request has as KEY."
  (let ((answer nil))
    (dap--send-message (dap--make-request command args)
                       (lambda (response) (setq answer (list (gethash key (gethash "body" response)))))
                       session)
    (wait-for (lambda () answer))
    (car answer)))

(defvar stack nil)
(add-hook 'dap-stack-frame-changed-hook
          (lambda (session)
            (let ((thread (dap--debug-session-thread-id session)))
              (when thread
                (setq stack (gethash thread (dap--debug-session-thread-stack-frames session)))))))

(let ((configuration (copy-sequence (cdr (assoc "io_uring: Inspect a Process" dap-debug-template-configurations)))))
  (dap-debug (plist-put configuration :pid (getenv "VICTIM"))))
(wait-for (lambda () stack))
(mapc (lambda (frame) (told "FRAME %s" (gethash "name" frame))) stack)
(let ((session (dap--cur-session)))
  (mapc (lambda (thread) (told "THREAD %s %s" (gethash "id" thread) (gethash "name" thread)))
        (ask session "threads" nil "threads"))
  (told "ANSWER %s" (ask session "evaluate" '(:expression "pending" :context "repl") "result"))
  (dap-disconnect session)
  (accept-process-output nil 0.5))
(kill-emacs (if stack 0 1))

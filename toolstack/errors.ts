/**
 * A toolstack operation that could not be done: what the user reads on stderr, and the exit status of xl. Libxl prints
 * several lines for some failures; `message` is all of them, without a final newline.
 */
export class ToolstackError extends Error {
  /** Short machine-readable reason: "ENOENT", "EBUSY", "ENOMEM", "EINVAL", "ETIMEDOUT", ... */
  readonly code: string;
  /** Exit status of the real xl for this failure. */
  readonly exitStatus: number;

  constructor(code: string, message: string, exitStatus = 1) {
    super(message);
    this.name = 'ToolstackError';
    this.code = code;
    this.exitStatus = exitStatus;
  }
}

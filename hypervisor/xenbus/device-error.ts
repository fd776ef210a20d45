/** Why a device was given up: an errno of its own kind, with words for the `error` node. */
export class DeviceError extends Error {
  readonly errno: number;

  /** `errno` is positive or negative; the node gets it negative, as Linux writes it. */
  constructor(errno: number, message: string) {
    super(message);
    this.name = 'DeviceError';
    this.errno = -Math.abs(errno);
  }
}

/** Bounds of the console daemon, all in bytes but `guests`. */
export interface ConsoleLimits {
  /** Output kept for whoever attaches later; the guest's own `limit` node may only lower it. */
  scrollbackBytes: number;
  /** Input that waits for a guest that does not read. */
  inputBytes: number;
  /** Output taken from one guest before others have their turn. */
  bytesPerEvent: number;
  /** Guests served at once. */
  guests: number;
}

/** @see libxl: LIBXL_XENCONSOLE_LIMIT is 1 MiB */
export const defaultConsoleLimits: ConsoleLimits = {
  scrollbackBytes: 1024 * 1024,
  inputBytes: 64 * 1024,
  bytesPerEvent: 16 * 1024,
  guests: 32768,
};

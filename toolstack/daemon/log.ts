import {appendFileSync, renameSync, statSync} from 'node:fs';

/** Takes a message, of one line or several. */
export type Log = (message: string) => void;

const LOG_BYTES_MAX = 4 * 1024 * 1024;

/** A line with the time. */
const stamp = (message: string): string => `${new Date().toISOString()} ${message.replace(/\n$/, '')}\n`;

/** Appends to a file that is moved to PATH.1 when it is full. Never throws: a daemon outlives a full disk. */
export const fileLog = (path: string, maxBytes = LOG_BYTES_MAX): Log => {
  let bytes = statSync(path, {throwIfNoEntry: false})?.size ?? 0;
  return (message) => {
    const line = stamp(message);
    try {
      if (bytes + line.length > maxBytes) {
        renameSync(path, `${path}.1`);
        bytes = 0;
      }
      appendFileSync(path, line, {mode: 0o600});
      bytes += line.length;
    } catch {
      // The line is lost: there is no better place to say so.
    }
  };
};

export const stderrLog: Log = (message) => void process.stderr.write(stamp(message));

export const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** Of a console with a long history only its end is looked at. */
const TAIL_BYTES = 16 * 1024;
// Terminal control: ESC [ parameters final, or ESC and one character.
// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001B(?:\[[\d;?]*[A-Za-z]|.)/g;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F]/g;

/** The last lines that a guest has printed, as plain text without empty ones. */
export const lastWords = (console: Uint8Array, lines: number): string[] =>
  new TextDecoder()
    .decode(console.subarray(-TAIL_BYTES))
    .replaceAll(ESCAPES, '')
    .replaceAll(CONTROL, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines);

const NAMED: Readonly<Record<string, string>> = {'\t': 't', '\n': 'n', '\r': 'r', '\\': '\\'};
const BY_NAME = Object.fromEntries(Object.entries(NAMED).map(([char, name]) => [name, char]));

/** A value as xenstore-read and xenstore-ls print it; `value` holds one byte a character. */
export const escapeValue = (value: string): string =>
  value.replaceAll(/[^ -~]|\\/g, (char) => {
    const code = char.charCodeAt(0);
    if (Object.hasOwn(NAMED, char)) return `\\${NAMED[char]}`;
    return code < 8 ? `\\${code.toString(8).padStart(3, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;
  });

/** The reverse, as xenstore-write reads its arguments. */
export const unescapeValue = (text: string): string =>
  text.replaceAll(/\\(?:x([\dA-Fa-f]{1,2})|([0-7]{1,3})|([^]?))/g, (_, hex?: string, octal?: string, char = '') => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return BY_NAME[char as string] ?? (char as string);
  });

/** Text of a command line as the bytes that C programs get, one a character. */
export const argumentBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

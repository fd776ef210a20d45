const escapes: Readonly<Record<string, string>> = {'\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\'};

/** A value on one line: other bytes than printable ASCII as \ooo. @see xenstore-ls(1) */
export const printableValue = (value: Uint8Array): string => {
  let text = '';
  for (const byte of value) {
    const ch = String.fromCharCode(byte);
    const isPlain = byte >= 0x20 && byte < 0x7f && ch !== '\\';
    text += isPlain ? ch : (escapes[ch] ?? `\\${byte.toString(8).padStart(3, '0')}`);
  }
  return text;
};

const DECIMAL = /^[ \t-\r]*([+-]?\d+)/;
const ANY_BASE = /^[ \t-\r]*([+-]?)(0[xX][\dA-Fa-f]+|0[0-7]*|[1-9]\d*)$/;

/** C's atoi: leading digits, 0 without any; wraps at 32 bits. */
export function atoi(text: string): number {
  const digits = DECIMAL.exec(text)?.[1];
  return digits === undefined ? 0 : Number(digits) | 0;
}

/** C's strtol with base 0 over the whole text (`010` is octal, `0x10` hexadecimal), as u32; undefined for anything else. */
export function strtoul(text: string): number | undefined {
  const [, sign, digits] = ANY_BASE.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const octal = digits.length > 1 && digits.startsWith('0') && !/x/i.test(digits);
  const value = octal ? Number.parseInt(digits, 8) : Number(digits);
  return (sign === '-' ? -value : value) >>> 0;
}

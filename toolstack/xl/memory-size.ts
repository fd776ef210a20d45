import {ToolstackError} from '../errors.ts';

const KIB_BY_SUFFIX: Readonly<Record<string, number>> = {
  b: 1 / 1024,
  k: 1,
  '': 1024,
  m: 1024,
  g: 1024 ** 2,
  t: 1024 ** 3,
};

/** `256`, in MiB, or with a suffix of b, k, m, g or t; in KiB. */
export const parseMemorySizeKib = (text: string): number => {
  const [, digits, suffix] = /^\s*\+?(\d*)([bkmgt]?)$/i.exec(text) ?? [];
  const kib = digits === undefined ? Number.NaN : Math.floor(Number(digits) * KIB_BY_SUFFIX[suffix.toLowerCase()]);
  if (!Number.isSafeInteger(kib)) throw new ToolstackError('EINVAL', `invalid memory size: ${text}`);
  return kib;
};

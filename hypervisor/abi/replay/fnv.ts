export const FNV_OFFSET_BASIS = 0x811c9dc5;
const FNV_PRIME = 16777619;

/** FNV-1a, 32 bits. Chain parts by handing the last hash in. Returns an unsigned integer. */
export const fnv1a = (bytes: Uint8Array, hash = FNV_OFFSET_BASIS): number => {
  let h = hash;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i], FNV_PRIME);
  return h >>> 0;
};

/** As vector files spell a hash: 8 hex digits. */
export const hashText = (hash: number): string => hash.toString(16).padStart(8, '0');

const POLYNOMIAL = 0xedb88320;

const table = Uint32Array.from({length: 256}, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * POLYNOMIAL);
  return crc;
});

/** The frame check sequence of a frame, as the little-endian word that follows it. @see IEEE 802.3, "FCS field" */
export const crc32 = (frame: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of frame) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
};

import {formatMac} from './mac.ts';

/** Xen's OUI; the highest bit of the fourth byte stays clear. @see xl-network-configuration(5), "mac" */
const XEN_OUI = [0x00, 0x16, 0x3e];

/** A random MAC in 00:16:3e:00:00:00 to 00:16:3e:7f:ff:ff. @param random unsigned 32-bit numbers */
export const generateMac = (random: () => number): string => {
  const bits = random();
  return formatMac([...XEN_OUI, (bits >>> 16) & 0x7f, (bits >>> 8) & 0xff, bits & 0xff]);
};

/** A random UUID, version 4. @see RFC 9562, 5.4 */
export const generateUuid = (random: () => number): string => {
  const words = [random(), random(), random(), random()];
  words[1] = ((words[1] & 0xffff_0fff) | 0x4000) >>> 0;
  words[2] = ((words[2] & 0x3fff_ffff) | 0x8000_0000) >>> 0;
  const hex = words.map((word) => word.toString(16).padStart(8, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** The UUID in lower case; undefined when it is not 8-4-4-4-12 hexadecimal digits. */
export const parseUuid = (text: string): string | undefined =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;

import {MICROWIRE_WORDS} from '../nic/index.ts';

/** Where the words are. @see RTL8139C+ datasheet, "EEPROM (93C46 or 93C56) Contents" */
const SIGNATURE_AT = 0;
const IDS_AT = 1;
const MAC_AT = 7;
const SIGNATURE = 0x8129;

/** What the EEPROM of a card with this address holds. */
export const eepromWords = (mac: Uint8Array, vendorId: number, deviceId: number): Uint16Array => {
  const words = new Uint16Array(MICROWIRE_WORDS);
  words[SIGNATURE_AT] = SIGNATURE;
  words.set([vendorId, deviceId], IDS_AT);
  words.set(macWords(mac), MAC_AT);
  return words;
};

/** The address that an EEPROM holds. */
export const eepromMac = (words: Uint16Array): Uint8Array =>
  Uint8Array.from({length: 6}, (_, i) => words[MAC_AT + (i >> 1)] >>> ((i & 1) * 8));

const macWords = (mac: Uint8Array): number[] => [0, 2, 4].map((at) => mac[at] | (mac[at + 1] << 8));

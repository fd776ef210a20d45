import {hex, put16} from '../bytes.ts';
import {controlPage, informationalExceptionsPage} from '../common/control-page.ts';
import type {ModePageSpec} from '../common/mode-pages.ts';
import {DRIVE, type Elements, PORT, STORAGE, TRANSPORT} from './elements.ts';

const fixedPage = (bytes: Uint8Array): ModePageSpec => {
  const changeable = new Uint8Array(bytes.length);
  changeable.set(bytes.subarray(0, 2));
  return {code: bytes[0], defaults: bytes, changeable};
};

/** Where the elements of each type are. @see SMC-3, "Element Address Assignment mode page" */
const addressPage = (elements: Elements): ModePageSpec => {
  const bytes = new Uint8Array(20);
  bytes.set([0x1d, 0x12]);
  [TRANSPORT, STORAGE, PORT, DRIVE].forEach((type, i) => {
    const [first, count] = elements.extent(type);
    put16(bytes, 2 + 4 * i, first);
    put16(bytes, 4 + 4 * i, count);
  });
  return fixedPage(bytes);
};

/** One picker, which turns nothing over. @see SMC-3, "Transport Geometry Parameters mode page" */
const geometryPage = fixedPage(hex('1e 02 00 00'));

/**
 * All but the picker store cartridges, and those go from each to each and are exchanged.
 * @see SMC-3, "Device Capabilities mode page": rows from transport, storage, port and drive
 */
const capabilitiesPage = fixedPage(hex('1f 12 0e 00 00 0e 0e 0e 00000000 00 0e 0e 0e 00000000'));

export const changerModePages = (elements: Elements): readonly ModePageSpec[] => [
  controlPage(false),
  informationalExceptionsPage,
  addressPage(elements),
  geometryPage,
  capabilitiesPage,
];

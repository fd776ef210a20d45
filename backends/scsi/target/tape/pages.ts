import {hex, put32} from '../bytes.ts';
import {controlPage, informationalExceptionsPage} from '../common/control-page.ts';
import {BINARY_LIST, type LogPage, type LogParameter} from '../common/log-sense.ts';
import type {ModePageSpec} from '../common/mode-pages.ts';
import type {TapeUnit} from './tape-unit.ts';

/** Of no real tape: vendor-specific. */
export const DENSITY_CODE = 0x80;

/** The drive can be told to compress; files are not compressed. @see SSC-4, "Data Compression mode page" */
const compressionPage: ModePageSpec = {
  code: 0x0f,
  defaults: hex('0f 0e c0 80 00000000 00000000 00000000'),
  changeable: hex('0f 0e 80 80 00000000 00000000 00000000'),
};

/** Block identifiers are supported, and compression is selected. @see SSC-4, "Device Configuration mode page" */
const deviceConfigurationPage: ModePageSpec = {
  code: 0x10,
  defaults: hex('10 0e 00 00 00 00 0000 40 00 18 000000 01 00'),
  changeable: hex('10 0e 00 00 00 00 0000 00 00 00 000000 ff 00'),
};

/** One partition, and that cannot be changed. @see SSC-4, "Medium Partition mode page" */
const partitionPage: ModePageSpec = {
  code: 0x11,
  defaults: hex('11 06 00 00 00 03 0000'),
  changeable: hex('11 06 00 00 00 00 0000'),
};

export const tapeModePages: readonly ModePageSpec[] = [
  controlPage(false),
  compressionPage,
  deviceConfigurationPage,
  partitionPage,
  informationalExceptionsPage,
];

const ALERTS = 64;

/** No alert is ever raised. @see SSC-4, "TapeAlert log page" */
export const tapeAlertLog: LogPage = () =>
  Array.from({length: ALERTS}, (_, flag): LogParameter => ({code: flag + 1, control: 0, value: Uint8Array.of(0)}));

const MIB = 2 ** 20;

const mebibytes = (bytes: number): Uint8Array => {
  const value = new Uint8Array(4);
  put32(value, 0, Math.floor(bytes / MIB));
  return value;
};

/** What is left of the tape, and all of it, in MiB; there is no other partition. @see SSC-4, "Tape Capacity log page" */
export const tapeCapacityLog = ({cartridge}: TapeUnit): readonly LogParameter[] => {
  const all = cartridge?.capacityBytes ?? 0;
  const left = Math.max(0, all - (cartridge?.usedBytes ?? 0));
  const parameter = (code: number, bytes: number): LogParameter => ({
    code,
    control: BINARY_LIST,
    value: mebibytes(bytes),
  });
  return [parameter(1, left), parameter(2, 0), parameter(3, all), parameter(4, 0)];
};

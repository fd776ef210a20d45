import {type HostedScsiAddress, parseScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import {ToolstackError} from '../errors.ts';

/** Kinds of devices that dom0 can make of files. */
export const SCSI_KINDS = ['disk', 'cdrom', 'tape', 'changer'] as const;
export type ScsiKind = (typeof SCSI_KINDS)[number];

/** One unit that a guest is given, or a changer with its drives. */
export interface VscsiConfig {
  kind: ScsiKind;
  /** Of an image, a .tap file or a directory of them. */
  path: string;
  vdev: HostedScsiAddress;
  readonly: boolean;
  removable: boolean;
  /** Of a disk's blocks. */
  blockBytes: 512 | 4096;
  /** Of a changer. */
  drives: number;
  slots: number;
}

type Options = Omit<VscsiConfig, 'kind' | 'path' | 'vdev'>;
type OptionReader = (value: string | undefined) => Partial<Options> | undefined;

const flag =
  (name: 'readonly' | 'removable', on: boolean): OptionReader =>
  (value) =>
    value === undefined ? {[name]: on} : undefined;

const count =
  (name: 'drives' | 'slots', min: number, max: number): OptionReader =>
  (value = '') =>
    /^\d{1,4}$/.test(value) && Number(value) >= min && Number(value) <= max ? {[name]: Number(value)} : undefined;

const options: ReadonlyMap<string, OptionReader> = new Map([
  ['ro', flag('readonly', true)],
  ['rw', flag('readonly', false)],
  ['removable', flag('removable', true)],
  ['block', (value) => (value === '512' || value === '4096' ? {blockBytes: Number(value) as 512 | 4096} : undefined)],
  ['drives', count('drives', 1, 16)],
  ['slots', count('slots', 1, 1024)],
]);

/** Of libxl, for a device that it cannot add. */
const EXIT_CREATE_FAILED = 3;

const defaults: Options = {readonly: false, removable: false, blockBytes: 512, drives: 1, slots: 16};

/**
 * Reads "pdev, vdev[, option]...": an item of `vscsi`, which xl itself does not know. `pdev` is KIND:PATH, `vdev` is
 * h:c:t:l. A device of this machine is refused: its commands go through an ioctl, which Node.js does not have.
 * It is read when the unit is attached, and not with the file: xl itself reads over the key.
 * @throws ToolstackError
 */
export const parseVscsiSpec = (spec: string): VscsiConfig => {
  const refuse = (reason: string): ToolstackError =>
    new ToolstackError('EINVAL', `libxl: error: vscsi "${spec}": ${reason}`, EXIT_CREATE_FAILED);
  const [pdev = '', vdev = '', ...words] = spec.split(',').map((part) => part.trim());
  const [, kind, path = ''] = /^([a-z]+):(.*)$/.exec(pdev) ?? [];
  if (/^(\d+:\d+:\d+:\d+|naa\..*|\/dev\/.*)$/.test(pdev)) {
    throw refuse(`${pdev} is a device of this machine, and pvsim cannot pass commands through (no SG_IO in Node.js)`);
  }
  if (!SCSI_KINDS.includes(kind as ScsiKind)) throw refuse(`pdev has to be one of ${SCSI_KINDS.join(', ')}, and :PATH`);
  if (path === '' && kind !== 'cdrom') throw refuse(`${kind}: there is no path`);
  const address = parseScsiAddress(vdev);
  if (address === undefined) throw refuse(`vdev "${vdev}" has to be host:channel:target:lun`);
  let read = {...defaults, readonly: kind === 'cdrom'};
  for (const word of words) {
    const [name, value] = word.split('=', 2) as [string, string | undefined];
    const option = options.get(name)?.(value);
    if (option === undefined) throw refuse(`option "${word}"`);
    read = {...read, ...option};
  }
  return {kind: kind as ScsiKind, path, vdev: address, ...read};
};

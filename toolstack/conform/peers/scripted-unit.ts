import type {UnitOpener} from '../../../backends/scsi/index.ts';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {EINVAL, ENODEV} from '../../../hypervisor/errno.ts';
import {DeviceError} from '../../../hypervisor/xenbus/index.ts';
import {ScriptedDisk} from './scripted-disk.ts';

const DISK_BYTES = 1 << 20;
/** "h:c:t:l", or a world wide name with a LUN. @see vscsiif.h, "p-dev" */
const anyUnit = /^(\d+:\d+:\d+:\d+|naa\.[0-9a-f]+:\d+)$/;

/** Of a unit that nobody may write. */
export const READONLY_UNIT = '1:0:0:0';
/** Of a unit that is not there. */
export const MISSING_UNIT = '9:9:9:9';

/** Opens a disk that does as the check says behind every `p-dev` that is one. `disks` gets them in that order. */
export const scriptedUnits =
  (disks: ScriptedDisk[]): UnitOpener =>
  (pDev) => {
    if (!anyUnit.test(pDev)) return Promise.reject(new DeviceError(EINVAL, `"${pDev}" is no unit`));
    if (pDev === MISSING_UNIT) return Promise.reject(new DeviceError(ENODEV, `there is no unit ${pDev}`));
    const storage = new ScriptedDisk(DISK_BYTES, pDev === READONLY_UNIT);
    disks.push(storage);
    return Promise.resolve({unit: new DiskUnit({storage, serial: pDev}), close: () => storage.close()});
  };

import {type DiskConfig, vdevToDisk} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {EXIT_CREATE_FAILED} from '../hotplug.ts';

const IDE_UNITS = 4;

/** Ids of a wide SCSI bus; the adapter has one of them itself. */
const SCSI_IDS = 16;
const ADAPTER_ID = 7;

/** Where an HVM guest finds a disk besides its PV twin, if anywhere: a unit of the IDE controller, or of the SCSI one. */
export interface DiskPlace {
  readonly bus: 'ide' | 'scsi';
  readonly unit: number;
}

/**
 * As libxl has QEMU do it: `sd` names are disks of the SCSI controller; of all others the first four are those of the IDE
 * controller, whatever their names, and the rest are PV alone. ToolstackError for a read-only disk, and for two in one place.
 * @see Xen's libxl_dm.c
 */
export const diskPlace = (
  {vdev, cdrom, readwrite}: DiskConfig,
  ideUnits: readonly unknown[],
): DiskPlace | undefined => {
  const unit = vdevToDisk(vdev);
  if (unit === undefined) return undefined;
  if (vdev.startsWith('sd') && !cdrom) {
    if (unit < SCSI_IDS && unit !== ADAPTER_ID) return {bus: 'scsi', unit};
    throw refusal(vdev, `SCSI id ${unit}: disks have 0 to ${SCSI_IDS - 1} but ${ADAPTER_ID}`);
  }
  if (unit >= IDE_UNITS) return undefined;
  if (!readwrite && !cdrom) throw refusal(vdev, 'there are no read-only IDE disks (name it sd.., or make it a cdrom)');
  if (ideUnits[unit] !== undefined) throw refusal(vdev, `IDE unit ${unit} is taken by another disk`);
  return {bus: 'ide', unit};
};

const refusal = (vdev: string, reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `libxl: error: Disk vdev=${vdev}: ${reason}`, EXIT_CREATE_FAILED);

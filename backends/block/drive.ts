import {EBUSY, EIO, ENOENT} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {type Storage, StorageError, type StorageErrorCode, type StorageOpener} from '../storage/index.ts';
import {type DiskDescription, limitsOf, propertyNodes, readDescription, sizeNodes} from './disk-nodes.ts';
import {noMedium} from './no-medium.ts';
import type {BlockFeatures} from './features.ts';
import type {ServedDisk} from './served-disk.ts';

const errnoOf: Partial<Record<StorageErrorCode, number>> = {missing: ENOENT, busy: EBUSY};

/** The image behind a disk, or the drive that media are put into. */
export class Drive {
  /** The same object for as long as the drive is there: queues look at it for each request. */
  readonly served: ServedDisk;
  private readonly features: BlockFeatures;
  private readonly opener: StorageOpener;
  private description: DiskDescription;

  private constructor(features: BlockFeatures, opener: StorageOpener, description: DiskDescription, storage: Storage) {
    this.features = features;
    this.opener = opener;
    this.description = description;
    this.served = {storage, limits: limitsOf(description, storage, features)};
  }

  /** Opens what the device's nodes name; undefined while the block script has not run. DeviceError. */
  static async open(device: XenbusDevice, features: BlockFeatures, opener: StorageOpener): Promise<Drive | undefined> {
    const isScripted = (await device.read('physical-device')) !== undefined;
    const description = await readDescription(device);
    if (!isScripted && !(description.cdrom && description.target === '')) return undefined;
    const storage = await openMedium(description, opener);
    try {
      return new Drive(features, opener, description, storage);
    } catch (error) {
      storage.close();
      throw error;
    }
  }

  get isCdrom(): boolean {
    return this.description.cdrom;
  }

  get target(): string {
    return this.description.target;
  }

  /** All that a frontend is told of the disk. */
  get properties(): Record<string, number> {
    const {description, features, served} = this;
    return propertyNodes(description, served.storage, served.limits, features);
  }

  /** What a change of the medium or of its size changes. */
  get sizes(): Record<string, number> {
    return sizeNodes(this.served.limits);
  }

  /** Looks at the image's size; true when it is another one. DeviceError when it is no whole number of sectors. */
  remeasure(): boolean {
    const {served, description, features} = this;
    const before = served.limits.sizeBytes;
    served.storage.remeasure?.();
    served.limits = limitsOf(description, served.storage, features);
    return served.limits.sizeBytes !== before;
  }

  /** Puts another medium in; nothing may be under way. One that cannot be used leaves the drive empty: DeviceError. */
  async change(target: string): Promise<void> {
    this.close();
    this.description = {...this.description, target};
    this.serve(noMedium);
    this.serve(await openMedium(this.description, this.opener));
  }

  close(): void {
    this.served.storage.close();
    this.served.storage = noMedium;
  }

  toString(): string {
    return String(this.served.storage);
  }

  private serve(storage: Storage): void {
    this.served.limits = limitsOf(this.description, storage, this.features);
    this.served.storage = storage;
  }
}

const openMedium = async ({target, readonly}: DiskDescription, opener: StorageOpener): Promise<Storage> => {
  if (target === '') return noMedium;
  const storage = await opener(target, {readonly});
  if (storage instanceof StorageError) throw new DeviceError(errnoOf[storage.code] ?? EIO, storage.message);
  return storage;
};

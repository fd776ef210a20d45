import type {DomainRecord} from './record.ts';

/** Contents of a domain's disk if it is in memory, as a view: undefined for an image file and for no disk. */
export type RamDiskOf = (record: Pick<DomainRecord, 'devices'>, vdev: string) => Uint8Array | undefined;

/**
 * 9pfs: a file system over pairs of byte rings. The protocol on them is 9P2000.L.
 * @see 9pfs.h
 */
import {flexRingIntf} from './ring.ts';

export const xen_9pfs_data_intf = flexRingIntf('xen_9pfs');

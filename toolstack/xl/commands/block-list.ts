import type {DiskListing} from '../../host/api.ts';
import type {Run} from '../command.ts';
import {lookUp, noSuchDomain} from '../find-domain.ts';
import {left} from '../printf.ts';

/** @see golden/cli/xl-block-list.txt */
const row = (...columns: readonly (string | number)[]): string =>
  `${columns.map((column, index) => left(column, WIDTHS[index])).join(' ')}\n`;

const WIDTHS = [5, 3, 6, 5, 6, 8, 30];

export const HEADER = row('Vdev', 'BE', 'handle', 'state', 'evt-ch', 'ring-ref', 'BE-path');

export const formatDisk = (disk: DiskListing): string =>
  row(disk.vdev, disk.backendDomid, disk.handle, disk.state, disk.evtch, disk.ringRef, disk.backendPath);

/** It has no disks, only backends of disks. */
const DOM0 = 0;

/** An unknown domain is passed over, and the exit status stays 0. */
export const run: Run = async (xl, _options, names) => {
  const client = await xl.client();
  xl.out(HEADER);
  for (const name of names) {
    const domid = await lookUp(xl, name);
    if (domid === undefined) xl.complain(noSuchDomain(name));
    else if (domid !== DOM0) xl.out((await client.call('disk.list', {domid})).map(formatDisk).join(''));
  }
  return 0;
};

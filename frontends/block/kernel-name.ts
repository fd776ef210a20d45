/** @see docs/misc/vbd-interface: bit 28 marks the numbers beyond what a major and minor of Linux hold. */
const EXTENDED = 1 << 28;

const letters = (disk: number): string =>
  (disk >= 26 ? letters(Math.floor(disk / 26) - 1) : '') + String.fromCharCode(97 + (disk % 26));

/** IDE and SCSI majors, whose numbers xen-blkfront maps on xvd names, too: minors a disk, and the major's first disk. */
const majors: Readonly<Record<number, {minorShift: number; firstDisk: number}>> = {
  3: {minorShift: 6, firstDisk: 0},
  22: {minorShift: 6, firstDisk: 2},
  8: {minorShift: 4, firstDisk: 0},
  202: {minorShift: 4, firstDisk: 0},
};

/** "xvda1" for 51713: what Linux calls the disk of a virtual-device number; undefined when it would not take it. */
export const kernelName = (virtualDevice: number): string | undefined => {
  if (virtualDevice >= EXTENDED * 2) return undefined;
  if (virtualDevice >= EXTENDED) return diskName(virtualDevice - EXTENDED, 8, 0);
  const scheme = majors[virtualDevice >>> 8];
  return scheme && diskName(virtualDevice & 0xff, scheme.minorShift, scheme.firstDisk);
};

const diskName = (minor: number, minorShift: number, firstDisk: number): string => {
  const part = minor & ((1 << minorShift) - 1);
  return `xvd${letters(firstDisk + (minor >>> minorShift))}${part === 0 ? '' : part}`;
};

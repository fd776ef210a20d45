import {readFileSync} from 'node:fs';
import type {GuestImage} from '../../toolstack/image/debian.ts';

/** The lines of a config for the Debian guest, under another name and address. */
export const linuxConfig = (image: GuestImage, name: string, address: string): string[] => {
  const [cmdline] = /cmdline = "[^"]*/.exec(readFileSync(image.config, 'utf8')) ?? [];
  return [
    `name = "${name}"`,
    'type = "pvh"',
    `kernel = "${image.kernel}"`,
    `ramdisk = "${image.ramdisk}"`,
    `${cmdline?.replace(/ pvsim\.ip=\S+/, '')} pvsim.ip=${address}/24"`,
    'memory = 96',
  ];
};

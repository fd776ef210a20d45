import {hex} from '../bytes.ts';
import {controlPage, informationalExceptionsPage} from '../common/control-page.ts';
import type {ModePageSpec} from '../common/mode-pages.ts';

/** @see MMC-6, "Read/Write Error Recovery mode page" */
const errorRecoveryPage: ModePageSpec = {
  code: 0x01,
  defaults: hex('01 0a 00 00 00 00 00 00 00 00 0000'),
  changeable: hex('01 0a 00 00 00 00 00 00 00 00 0000'),
};

/**
 * Reads what others recorded and DVDs; a tray that ejects and locks. Long obsolete, but Linux's sr asks for it.
 * @see MMC-3, "CD/DVD Capabilities and Mechanical Status page"
 */
const capabilitiesPage: ModePageSpec = {
  code: 0x2a,
  defaults: hex('2a 12 0b 00 70 00 29 00 0000 0000 0000 0000 00 00 0000'),
  changeable: hex('2a 12 00 00 00 00 00 00 0000 0000 0000 0000 00 00 0000'),
};

export const cdromModePages: readonly ModePageSpec[] = [
  errorRecoveryPage,
  controlPage(false),
  informationalExceptionsPage,
  capabilitiesPage,
];

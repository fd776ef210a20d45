import {hex} from '../bytes.ts';
import type {ModePages, ModePageSpec} from './mode-pages.ts';

const CONTROL = 0x0a;
const D_SENSE = 0x04;
const SOFTWARE_WRITE_PROTECT = 0x08;

/**
 * One task set for all initiators, unrestricted reordering, and no limit to how long a unit is busy.
 * @see SPC-4, "Control mode page"
 */
export const controlPage = (canProtect: boolean): ModePageSpec => ({
  code: CONTROL,
  defaults: hex('0a 0a 00 10 00 00 0000 ffff 0000'),
  changeable: hex(`0a 0a 04 00 ${canProtect ? '08' : '00'} 00 0000 0000 0000`),
});

export const wantsDescriptorSense = (modes: ModePages): boolean => (modes.current(CONTROL)[2] & D_SENSE) !== 0;

export const isSoftwareProtected = (modes: ModePages): boolean =>
  (modes.current(CONTROL)[4] & SOFTWARE_WRITE_PROTECT) !== 0;

/** Exceptions are not reported by themselves: there is nothing that could wear out. */
export const informationalExceptionsPage: ModePageSpec = {
  code: 0x1c,
  defaults: hex('1c 0a 08 00 00000000 00000000'),
  changeable: hex('1c 0a 08 0f ffffffff ffffffff'),
};

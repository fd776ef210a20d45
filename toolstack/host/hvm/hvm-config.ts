import type {HvmOptions} from '../../builder/hvm-image.ts';
import type {DomainConfig} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {EXIT_CREATE_FAILED} from '../hotplug.ts';

/** COM1 and COM2. */
const MAX_SERIAL_PORTS = 2;

/** What of a PC an HVM guest's config asks for, disks and network interfaces apart. */
export interface HvmConfig {
  /** Serial ports, from COM1 on. */
  readonly serialPorts: number;
  readonly platformDevice: boolean;
}

/** Undefined for a domain that is no HVM guest. ToolstackError for what this host has no device for. */
export const hvmConfig = ({type, kernel, libxl}: DomainConfig): HvmConfig | undefined => {
  if (type !== 'hvm') return undefined;
  if (kernel === undefined) throw refusal('type="hvm" without kernel=: this host has no BIOS that boots from a disk');
  const {serial, serial_list: list, xen_platform_pci: platform, hdtype} = libxl.typeInfo;
  const ports = [serial ?? list ?? []].flat().filter((port) => port !== 'none');
  const foreign = ports.find((port) => port !== 'pty');
  if (foreign !== undefined) throw refusal(`serial=${JSON.stringify(foreign)} is not supported (pty is)`);
  if (ports.length > MAX_SERIAL_PORTS) throw refusal(`a machine has at most ${MAX_SERIAL_PORTS} serial ports`);
  if (hdtype === 'ahci') throw refusal('hdtype="ahci" is not supported (ide is)');
  return {serialPorts: ports.length, platformDevice: platform !== 'False'};
};

/** What firmware tells the guest of such a PC. */
export const hardwareOf = ({serialPorts}: HvmConfig): HvmOptions => ({serialPorts, ps2: true});

const refusal = (reason: string): ToolstackError =>
  new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);

import {atoi, strtoul} from '../c-numbers.ts';
import type {JsonValue} from '../yajl.ts';
import {deviceList, readParameters, type Setter, type SpecReader} from './device-list.ts';
import type {Step} from './step.ts';

const CONTROLLER_TYPES: ReadonlySet<string> = new Set(['auto', 'pv', 'devicemodel', 'qusb']);

type Controller = {type?: string; version: number; ports: number};

const CONTROLLER: Readonly<Record<string, Setter<Controller>>> = {
  type: (controller, value) => {
    const type = value.toLowerCase();
    if (!CONTROLLER_TYPES.has(type)) return `Invalid usb controller type '${value}'`;
    controller.type = type === 'auto' ? undefined : type;
    return undefined;
  },
  version: (controller, value) => void (controller.version = atoi(value)),
  ports: (controller, value) => void (controller.ports = atoi(value)),
};

const controller: SpecReader = (item, devid, context) => {
  const unknown = (token: string): string => `Unknown string \`${token}' in usbctrl spec`;
  const {type, version, ports} = readParameters<Controller>(context, item, {version: 0, ports: 0}, CONTROLLER, unknown);
  return {type, devid, version: version || undefined, ports: ports || undefined};
};

type Device = {ctrl?: number; port: number; isHostDevice: boolean; hostbus: number; hostaddr: number};

const byte = (text: string): number => Number(BigInt.asUintN(8, strtoul(text, 0).value));

const DEVICE: Readonly<Record<string, Setter<Device>>> = {
  type: (device, value) => {
    if (value.toLowerCase() !== 'hostdev') return `Invalid usb device type: ${value}`;
    device.isHostDevice = true;
    return undefined;
  },
  hostbus: (device, value) => void (device.hostbus = byte(value)),
  hostaddr: (device, value) => void (device.hostaddr = byte(value)),
  controller: (device, value) => void (device.ctrl = atoi(value)),
  port: (device, value) => void (device.port = atoi(value)),
};

/** Without type= libxl shows nothing of the host's device. */
const usbDevice: SpecReader = (item, _index, context) => {
  const start: Device = {port: 0, isHostDevice: false, hostbus: 0, hostaddr: 0};
  const unknown = (token: string): string => `Unknown string \`${token}' in usbdev spec`;
  const device = readParameters(context, item, start, DEVICE, unknown);
  const host: Record<string, JsonValue> = {};
  if (device.hostbus !== 0) host.hostbus = device.hostbus;
  if (device.hostaddr !== 0) host.hostaddr = device.hostaddr;
  return {
    ctrl: device.ctrl === -1 ? undefined : device.ctrl,
    port: device.port || undefined,
    'type.hostdev': device.isHostDevice ? host : undefined,
  };
};

export const USB_STEPS: readonly Step[] = [
  deviceList('usbctrl', 'usbctrls', controller),
  deviceList('usbdev', 'usbdevs', usbDevice),
];

import {pciIrq} from '../../../ioreq/index.ts';
import {device, dword, eisaId, integer, name, packageOf, scope, word} from './aml.ts';
import * as crs from './resources.ts';
import {type AcpiTable, ascii, dsdt, madt, placeTables, portRegister, table} from './tables.ts';

/** Where Xen has the fixed hardware of ACPI, and its PM timer. @see hvm/ioreq.h, ACPI_PM1A_EVT_BLK_ADDRESS_V1 */
export const PM1A_EVENT_PORT = 0xb000;
export const PM1A_CONTROL_PORT = 0xb004;
export const PM_TIMER_PORT = 0xb008;
/** The reset control register of a PIIX. */
export const RESET_CONTROL_PORT = 0xcf9;
/** A hard reset of the CPU. */
export const RESET_CPU = 0x06;
/** SLP_TYP of soft-off, as Xen's DSDT has it. */
export const S5_TYPE = 0;
const SCI_IRQ = 9;

const IO_APIC_ADDRESS = 0xfec00000;

/** What of a PC differs from guest to guest. */
export interface HvmHardware {
  /** Where PCI devices may have their memory. */
  readonly pciMemory: readonly crs.Range[];
  /** Serial ports, from COM1 on. */
  readonly serialPorts: number;
  readonly ps2: boolean;
}

const FADT_BYTES = 276;
const FACS_BYTES = 64;
const ALL_DEVICES = 0xffff;
const PCI_DEVICES = 32;
const CONFIG_PORTS = 0xcf8;
const CONFIG_PORTS_END = 0xd00;

/**
 * IAPC_BOOT_ARCH: an 8042 if there is one, no CMOS clock. That there is no VGA is not said, although there is none: Linux
 * takes a machine with neither for a PVH guest, however it was entered, and has no platform device then.
 */
const bootArch = ({ps2}: HvmHardware): number => (ps2 ? 1 << 1 : 0) | (1 << 5);
/** Fixed feature flags: WBINVD works, no power or sleep button, a PM timer of 32 bits, reset register. */
const FEATURES = (1 << 0) | (1 << 4) | (1 << 5) | (1 << 8) | (1 << 10);

/** @see ACPI 6.0, table 5-34 */
const fadt = (hardware: HvmHardware, facsAddress: number, dsdtAddress: number): Uint8Array =>
  table('FACP', 6, FADT_BYTES, (view) => {
    view.setUint32(36, facsAddress, true);
    view.setUint32(40, dsdtAddress, true);
    view.setUint16(46, SCI_IRQ, true);
    view.setUint32(56, PM1A_EVENT_PORT, true);
    view.setUint32(64, PM1A_CONTROL_PORT, true);
    view.setUint32(76, PM_TIMER_PORT, true);
    view.setUint8(88, 4);
    view.setUint8(89, 2);
    view.setUint8(91, 4);
    view.setUint16(109, bootArch(hardware), true);
    view.setUint32(112, FEATURES, true);
    portRegister(view, 116, RESET_CONTROL_PORT);
    view.setUint8(128, RESET_CPU);
    view.setUint32(140, dsdtAddress, true);
    portRegister(view, 148, PM1A_EVENT_PORT, 4);
    portRegister(view, 172, PM1A_CONTROL_PORT, 2);
    portRegister(view, 208, PM_TIMER_PORT, 4);
  });

/** The firmware ACPI control structure: no header, no checksum. */
const facs = (): Uint8Array => {
  const content = new Uint8Array(FACS_BYTES);
  const view = new DataView(content.buffer);
  ascii(view, 0, 'FACS');
  view.setUint32(4, FACS_BYTES, true);
  view.setUint8(32, 1);
  return content;
};

/** Each INTx of each device goes to the pin of the I/O APIC that its ISA line has, too. @see ACPI 6.0, 6.2.13 */
const pciRouting = (): number[] =>
  packageOf(
    Array.from({length: PCI_DEVICES * 4}, (_, i) => {
      const pciDevice = i >>> 2;
      const intx = i & 3;
      return packageOf([pciDevice * 0x10000 + ALL_DEVICES, intx, 0, pciIrq(pciDevice, intx)]);
    }),
  );

const isaDevice = (path: string, id: string, ...descriptors: number[][]): number[] =>
  device(path, name('_HID', eisaId(id)), name('_CRS', crs.resources(...descriptors)));

const serialPlaces = [
  ['COM1', 0x3f8, 4],
  ['COM2', 0x2f8, 3],
] as const;

const isaDevices = ({serialPorts, ps2}: HvmHardware): number[] => [
  ...serialPlaces
    .slice(0, serialPorts)
    .flatMap(([path, port, irq]) => isaDevice(path, 'PNP0501', crs.ports(port, 8), crs.isaIrq(irq))),
  ...(ps2 ? isaDevice('PS2K', 'PNP0303', crs.ports(0x60, 1), crs.ports(0x64, 1), crs.isaIrq(1)) : []),
  ...(ps2 ? isaDevice('PS2M', 'PNP0F13', crs.isaIrq(12)) : []),
];

const ISA_BRIDGE_ADDRESS = 0x10000;

/** The host bridge with its windows, and behind the PIIX3's ISA bridge what no bus can find. */
const pciRoot = (hardware: HvmHardware): number[] =>
  device(
    'PCI0',
    name('_HID', eisaId('PNP0A03')),
    name('_UID', integer(0)),
    name('_ADR', integer(0)),
    name(
      '_CRS',
      crs.resources(
        crs.busWindow({start: 0, end: 0x100}),
        crs.ports(CONFIG_PORTS, CONFIG_PORTS_END - CONFIG_PORTS),
        crs.portWindow({start: 0, end: CONFIG_PORTS}),
        crs.portWindow({start: CONFIG_PORTS_END, end: 0x10000}),
        ...hardware.pciMemory.map((range) => crs.memoryWindow(range)),
      ),
    ),
    name('_PRT', pciRouting()),
    device('ISA', name('_ADR', integer(ISA_BRIDGE_ADDRESS)), isaDevices(hardware)),
  );

const PCAT_COMPAT = 1;
const IO_APIC_ID = 1;
/** Level triggered, active high. */
const LEVEL_HIGH = 0x0d;
/** Entries of the MADT. @see ACPI 6.0, 5.2.12.3 and 5.2.12.5 */
const ioApic = [1, 12, IO_APIC_ID, 0, ...dword(IO_APIC_ADDRESS), ...dword(0)];
const sciOverride = [2, 10, 0, SCI_IRQ, ...dword(SCI_IRQ), ...word(LEVEL_HIGH)];

/** The tables of a PC with PCI, to be placed from physical address `base` on (aligned to 64); they take less than 8 KiB. */
export const hvmTables = (base: number, hardware: HvmHardware): AcpiTable[] =>
  placeTables(base, (placer) => {
    const facsAddress = placer.place('FACS', facs());
    const aml = [...name('\\_S5', packageOf([S5_TYPE, S5_TYPE, 0, 0])), ...scope('\\_SB', pciRoot(hardware))];
    const dsdtAddress = placer.place('DSDT', dsdt(aml));
    const fadtAddress = placer.place('FACP', fadt(hardware, facsAddress, dsdtAddress));
    return [fadtAddress, placer.place('APIC', madt(PCAT_COMPAT, [...ioApic, ...sciOverride]))];
  });

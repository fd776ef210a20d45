import {pciIrq, type PortIo} from '../../hypervisor/ioreq/index.ts';
import {type GuestPciDevice, PCI_COMMAND_IO, PCI_COMMAND_MEMORY, scanPci} from './pci.ts';

const BARS = 6;
const BAR0 = 0x10;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;
const BAR_IO = 1;
/** Where ranges are placed. @see Xen's tools/firmware/hvmloader, PCI_MEM_START and the I/O window */
const MEMORY_START = 0xf0000000;
const IO_START = 0xc000;

const PIRQ_ROUTES = 0x60;
const IDE_TIMINGS = [0x40, 0x42];
const IDE_DECODE_ENABLE = 0x8000;

/** What a PC's firmware sets up in chips that it knows. @see Xen's tools/firmware/hvmloader/pci.c, "pci_setup" */
const chips: Readonly<Record<string, (pci: GuestPciDevice) => void>> = {
  // The ISA bridge: where the four PCI links end. Link 0 is INTA of device 0.
  '8086:7000': (pci) => {
    for (let link = 0; link < 4; link++) pci.writeConfig(PIRQ_ROUTES + link, 1, pciIrq(0, link));
  },
  // IDE: both channels are at their ports.
  '8086:7010': (pci) => {
    for (const timing of IDE_TIMINGS) pci.writeConfig(timing, 2, IDE_DECODE_ENABLE);
  },
};

/**
 * What hvmloader does on the bus before a guest's kernel runs: gives every base address register a place, tells functions
 * which line their interrupt ends at, and turns the ranges on.
 */
export const setUpPci = (io: PortIo): void => {
  const next = {io: IO_START, memory: MEMORY_START};
  for (const pci of scanPci(io)) {
    let command = 0;
    for (let bar = 0; bar < BARS; bar++) command |= placeBar(pci, BAR0 + bar * 4, next);
    const pin = pci.readConfig(INTERRUPT_PIN, 1);
    if (pin > 0) pci.writeConfig(INTERRUPT_LINE, 1, pciIrq(pci.device, pin - 1));
    chips[`${pci.vendorId.toString(16)}:${pci.deviceId.toString(16)}`]?.(pci);
    pci.enable(command);
  }
};

/** Returns the bit of the command register that turns the range on. */
const placeBar = (pci: GuestPciDevice, register: number, next: {io: number; memory: number}): number => {
  const kind = pci.readConfig(register, 4);
  pci.writeConfig(register, 4, 0xffffffff);
  const sized = pci.readConfig(register, 4);
  if (sized === 0) return 0;
  const isIo = (kind & BAR_IO) !== 0;
  const space = isIo ? 'io' : 'memory';
  const sizeBytes = ((sized & (isIo ? ~3 : ~15)) * -1) >>> 0;
  const base = Math.ceil(next[space] / sizeBytes) * sizeBytes;
  next[space] = base + sizeBytes;
  pci.writeConfig(register, 4, base);
  return isIo ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
};

/** ISA lines, the pins of two PICs. */
export const ISA_IRQS = 16;
/** Of a PCI function: INTA to INTD. */
const PINS = 4;
/** ISA lines that the four PCI links go to. @see Xen's tools/firmware/hvmloader/pci.c */
const LINK_IRQS = [5, 10, 11, 5] as const;

/** The end of the wires: an interrupt controller's pins. */
export interface InterruptPins {
  /** `owner` is the device that changed the level. */
  setLevel(irq: number, level: boolean, owner: string): void;
}

/** The ISA line that a PCI function's pin ends at. @see Xen's hvm_pci_intx_link */
export const pciIrq = (device: number, pin: number): number => LINK_IRQS[(device + pin) % PINS];

/**
 * The wires from devices to a domain's interrupt controller. PCI lines are shared: such a line is high as long as anybody
 * holds it. ISA lines and PCI links that end at the same pin are one wire, as with a PIIX3.
 */
export class InterruptLines {
  private readonly pins: InterruptPins;
  private readonly holders = Array.from({length: ISA_IRQS}, () => new Set<number>());

  constructor(pins: InterruptPins) {
    this.pins = pins;
  }

  /** XEN_DMOP_set_isa_irq_level. False: there is no such line. */
  setIsaIrq(irq: number, level: boolean, owner: string): boolean {
    if (!(irq >= 0 && irq < ISA_IRQS)) return false;
    this.hold(irq, -1, level, owner);
    return true;
  }

  /** XEN_DMOP_set_pci_intx_level, on bus 0. `pin` is 0 for INTA. False: there is no such pin. */
  setPciIntx(device: number, pin: number, level: boolean, owner: string): boolean {
    if (!(device >= 0 && device < 32 && pin >= 0 && pin < PINS)) return false;
    this.hold(pciIrq(device, pin), device * PINS + pin, level, owner);
    return true;
  }

  private hold(irq: number, holder: number, level: boolean, owner: string): void {
    const holders = this.holders[irq];
    const before = holders.size > 0;
    if (level) holders.add(holder);
    else holders.delete(holder);
    if (holders.size > 0 !== before) this.pins.setLevel(irq, !before, owner);
  }
}

import type {Domain} from '../domain.ts';
import type {IoExit, IoMeter} from '../ioreq/index.ts';
import type {Account, Ledger} from './ledger.ts';
import {counted} from './primitives.ts';
import type {Side} from './reading.ts';

/** What nobody's device is behind: ports that no one answers, the address register of configuration space. */
const NO_DEVICE = 'unclaimed';

const primitiveOf: Readonly<Record<IoExit, number>> = {
  pio: counted.pio,
  mmio: counted.mmio,
  'pci-config': counted.pciConfig,
};

/** What counts a domain's emulated I/O, where a ledger is kept. */
export const ioMeterOf = ({ledger, id}: Domain): IoMeter | undefined =>
  ledger === null ? undefined : new LedgerIoMeter(ledger, id);

/** Counts what the emulated devices of one domain cost, on the guest's side and on the device model's. */
class LedgerIoMeter implements IoMeter {
  private readonly ledger: Ledger;
  private readonly domid: number;
  private readonly accounts: Readonly<Record<Side, Map<string, Account>>> = {front: new Map(), back: new Map()};

  constructor(ledger: Ledger, domid: number) {
    this.ledger = ledger;
    this.domid = domid;
  }

  request(owner: string): void {
    this.account('back', owner).add(counted.request);
  }

  exit(kind: IoExit, owner = NO_DEVICE): void {
    this.account('front', owner).add(primitiveOf[kind]);
  }

  ioreq(owner: string): void {
    this.account('front', owner).add(counted.ioreq);
  }

  /** The device model raises its line and lowers it again, by a hypercall each. @see dm_op.h, set_isa_irq_level */
  interrupt(owner: string): void {
    this.account('back', owner).add(counted.hypercall, 2);
    this.account('front', owner).add(counted.irq);
  }

  eoi(owner: string): void {
    this.account('front', owner).add(counted.eoi);
  }

  dma(owner: string, bytes: number): void {
    this.account('back', owner).add(counted.memcpyBytes, bytes);
  }

  private account(side: Side, device: string): Account {
    const accounts = this.accounts[side];
    let account = accounts.get(device);
    if (account === undefined) {
      account = this.ledger.account({domid: this.domid, device, side});
      accounts.set(device, account);
    }
    return account;
  }
}

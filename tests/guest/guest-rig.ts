import {blockBackend} from '../../backends/block/index.ts';
import {ConsoleDaemon} from '../../backends/console/index.ts';
import {netBackend} from '../../backends/net/index.ts';
import {Networks} from '../../backends/network/index.ts';
import {ImageLocks, openStorage} from '../../backends/storage/index.ts';
import {bootBuiltin, bootProgram, type GuestHandle, type GuestProgram} from '../../frontends/guest/index.ts';
import {HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_PFN} from '../../hypervisor/abi/hvm/params.ts';
import {XenbusBus} from '../../hypervisor/xenbus/index.ts';
import {createRig, type Rig, type RigDomain} from '../support/rig.ts';

/** A guest that runs the built-in kernel. */
export interface BootedGuest extends RigDomain {
  handle: GuestHandle;
  /** What crashed it. */
  faults: unknown[];
}

export interface BootSetup {
  cmdline?: string;
  /** Instead of the shell. */
  main?: GuestProgram;
  disks?: readonly number[];
  vifs?: readonly number[];
}

const CLEAR_TO_END = String.raw`\x1b\[K`;
const CLEARED_LINE = new RegExp(`[^\n]*\r${CLEAR_TO_END}`, 'g');
const REDRAWN_LINE = new RegExp(`\r([^\n\r]*)${CLEAR_TO_END}`, 'g');

export const XVDA = 51712;

/** A rig with all of dom0's daemons and backends, whose guests run the built-in kernel. */
export class GuestRig {
  readonly rig: Rig;
  readonly consoles: ConsoleDaemon;
  private readonly backends: XenbusBus;

  constructor(rig: Rig) {
    const {ops, xs} = rig.dom0;
    const locks = new ImageLocks();
    this.rig = rig;
    this.consoles = new ConsoleDaemon({ops, xs});
    this.backends = new XenbusBus(ops, xs, 'backend', [
      blockBackend({open: (target, how) => openStorage(target, {...how, locks})}),
      netBackend({networks: new Networks(ops)}),
    ]);
    this.consoles.start();
    this.backends.start();
  }

  static async create(seed = 1): Promise<GuestRig> {
    return new GuestRig(await createRig({seed}));
  }

  async boot({cmdline, main, disks = [], vifs = []}: BootSetup = {}): Promise<BootedGuest> {
    const guest = await this.rig.createGuest({pages: 2048});
    const {ops, xs} = guest;
    await this.write(`/local/domain/${ops.domid}/control/sysrq`, '', [`n${ops.domid}`]);
    for (const vdev of disks) await this.addDisk(guest, vdev);
    for (const devid of vifs) await this.addVif(guest, devid);
    await this.write(`/local/domain/${ops.domid}/console/port`, String(ops.hvmParam(HVM_PARAM_CONSOLE_EVTCHN)));
    await this.write(`/local/domain/${ops.domid}/console/ring-ref`, String(ops.hvmParam(HVM_PARAM_CONSOLE_PFN)));
    await this.settle();
    const faults: unknown[] = [];
    const onFault = (error: unknown): void => {
      faults.push(error);
      guest.domain.onFault(error);
    };
    const options = {ops, xs, cmdline, onFault};
    const handle = main === undefined ? bootBuiltin(options) : bootProgram({...options, main});
    await this.settle();
    return {...guest, handle, faults};
  }

  async addDisk(guest: RigDomain, vdev: number, more: {target?: string; mode?: string} = {}): Promise<void> {
    const {backPath} = await this.rig.addDevice({
      guest,
      type: 'vbd',
      devid: vdev,
      front: {'virtual-device': String(vdev), 'device-type': 'disk'},
      back: {params: more.target ?? 'ram:1m', mode: more.mode ?? 'w', type: 'phy', 'device-type': 'disk'},
    });
    await this.write(`${backPath}/physical-device`, '7:0');
    await this.write(`${backPath}/hotplug-status`, 'connected');
    await this.settle();
  }

  async addVif(guest: RigDomain, devid: number): Promise<void> {
    const mac = `00:16:3e:00:0${devid}:${guest.domain.id.toString(16).padStart(2, '0')}`;
    await this.rig.addDevice({
      guest,
      type: 'vif',
      devid,
      front: {handle: String(devid), mac, mtu: '1500'},
      back: {mac, bridge: 'xenbr0', handle: String(devid), type: 'vif', 'hotplug-status': 'connected'},
    });
    await this.settle();
  }

  /** What xl does to detach: offline and Closing, then the frontend's directory goes. */
  async detach(guest: RigDomain, type: string, devid: number): Promise<void> {
    const backPath = `/local/domain/0/backend/${type}/${guest.domain.id}/${devid}`;
    await this.write(`${backPath}/online`, '0');
    await this.write(`${backPath}/state`, '5');
    await this.settle();
    await this.rig.run(() => this.rig.dom0.xs.rm(`/local/domain/${guest.domain.id}/device/${type}/${devid}`));
    await this.settle();
  }

  async write(path: string, value: string, perms?: readonly string[]): Promise<void> {
    const {xs} = this.rig.dom0;
    await this.rig.run(() => xs.write(path, value));
    if (perms !== undefined) await this.rig.run(() => xs.setPerms(path, perms));
  }

  read(path: string): Promise<string | undefined> {
    return this.rig.run(() => this.rig.dom0.xs.read(path));
  }

  /** Nobody serves devices any more; their nodes stay as they are. */
  stopBackends(): void {
    this.backends.stop();
  }

  /** What a terminal would show of all that the guest printed. */
  text({domain}: RigDomain): string {
    const bytes = this.consoles.guest(domain.id)?.scrollback ?? new Uint8Array();
    return new TextDecoder()
      .decode(bytes)
      .replaceAll('\r\n', '\n')
      .replaceAll(CLEARED_LINE, '')
      .replaceAll(REDRAWN_LINE, '$1');
  }

  /** Types at the guest's console; what came after it. */
  async type(guest: RigDomain, keys: string, ns = 1e9): Promise<string> {
    const before = this.text(guest).length;
    this.consoles.write(guest.domain.id, new TextEncoder().encode(keys));
    await this.settle(ns);
    return this.text(guest).slice(before);
  }

  settle(ns = 1e9): Promise<void> {
    return this.rig.settle(ns);
  }
}

import {DeviceModel} from '../../backends/emulated/bus/index.ts';
import type {NicPortOptions} from '../../backends/emulated/nic/index.ts';
import {setUpPci} from '../../frontends/emulated/firmware.ts';
import {nativeMachine} from '../../frontends/emulated/machine.ts';
import type {NativeNic} from '../../frontends/emulated/nic/index.ts';
import {probeNics} from '../../frontends/emulated/nics.ts';
import type {NetDevice} from '../../frontends/api.ts';
import {NetStack, parseCidr, parseIp} from '../../frontends/guest/net/index.ts';
import {attachProgramIo} from '../../hypervisor/ioreq/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import type {NetRig} from '../net/net-rig.ts';

const FIRST_FREE_GFN = 256;

export type PlugNic = (model: DeviceModel, options: NicPortOptions & {mac: Uint8Array}) => void;

/** An HVM guest beside the rig's others, with one emulated NIC at the same bridge and its native driver. */
export const emulatedNicGuest = ({rig, networks}: NetRig, plug: PlugNic): NativeNic => {
  const domain = rig.xen.createDomain({
    pages: 4096,
    vcpu: (owner, index) => new ProgramVcpu(owner, index, rig.schedule, rig.xen.trace),
  });
  const place = networks.place();
  if (typeof domain === 'number' || typeof place === 'string') throw new Error('no guest');
  attachProgramIo(domain);
  rig.xen.unpause(domain);
  const ops = new ProgramOps(rig.xen, domain, FIRST_FREE_GFN);
  const machine = nativeMachine(ops);
  if (machine === undefined) throw new Error('no emulated hardware');
  const mac = Uint8Array.of(0, 0x16, 0x3e, 0, 1, domain.id);
  plug(new DeviceModel(rig.dom0.ops, domain.id), {ops: rig.dom0.ops, place, name: `vif${domain.id}.0-emu`, mac});
  setUpPci(machine.io);
  return probeNics(machine)[0];
};

/** A network stack with one interface and one address. */
export const stackOn = ({rig}: NetRig, device: NetDevice, address: string): NetStack => {
  const stack = new NetStack(rig.schedule);
  const cidr = parseCidr(`${address}/24`);
  if (cidr === undefined) throw new Error(address);
  stack.attach(device).setAddresses([cidr]);
  return stack;
};

/** How many of `count` echo requests are answered. */
export const ping = async ({rig}: NetRig, from: NetStack, address: string, count: number): Promise<number> => {
  let answers = 0;
  const to = parseIp(address);
  if (to === undefined) throw new Error(address);
  const socket = from.echo.open(() => answers++);
  for (let sequence = 1; sequence <= count; sequence++) socket.send(to, sequence, new Uint8Array(56));
  await rig.settle();
  socket.close();
  return answers;
};

/** What of `data` arrives by TCP. */
export const transfer = ({rig}: NetRig, from: NetStack, to: NetStack, address: string, data: Uint8Array) =>
  rig.run(async () => {
    const target = parseIp(address);
    if (target === undefined) throw new Error(address);
    const listener = to.tcp.listen({port: 7});
    const {stream: client, ready} = from.tcp.connect({address: target, port: 7});
    const [server] = await Promise.all([listener.accept(), ready]);
    void client.write(data).then(() => client.end());
    const parts: Uint8Array[] = [];
    for (let part = await server.read(); part !== undefined; part = await server.read()) parts.push(part);
    server.close();
    client.close();
    listener.close();
    return Buffer.concat(parts);
  });

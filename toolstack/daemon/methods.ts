import {filter, firstValueFrom} from 'rxjs';
import {toRecord} from '../../hypervisor/cost/index.ts';
import type {DomId} from '../../hypervisor/index.ts';
import {ToolstackError} from '../errors.ts';
import type {ConsoleType} from '../host/api.ts';
import {readFaults} from '../host/bridges.ts';
import {parseBridge} from './host-arguments.ts';
import type {ServedHost} from './served-host.ts';
import {type DaemonInfo, type Method, type Params, PROTOCOL, type Result} from './protocol.ts';

/** What a request can do to the connection that it came on. */
export interface Session {
  attachConsole(domid: DomId, type: ConsoleType): number;
  detachConsole(stream: number): void;
  startCapture(domid: DomId, which: string | null, count: number): number;
  stopCapture(stream: number): void;
  followEvents(level: number): void;
  /** Something that ends with the connection. */
  keep(resource: {close(): void}): void;
}

/** What a request can do to the daemon. */
export interface Control {
  readonly info: DaemonInfo;
  /** Closes the host and resolves when that is done; what comes after is up to the daemon. */
  stop(graceMs: number): Promise<void>;
}

type Handler<M extends Method> = (params: Params<M>, session: Session) => Result<M> | Promise<Result<M>>;

export type MethodTable = {readonly [M in Method]: Handler<M>};

/** A handler for what answers with nothing. */
const done =
  <P>(act: (params: P, session: Session) => void | Promise<void>) =>
  async (params: P, session: Session): Promise<null> => {
    await act(params, session);
    return null;
  };

/** The requests of protocol.ts, carried out on a host. Parameters have been checked. */
export const createMethods = (host: ServedHost, control: Control): MethodTable => ({
  hello: ({protocol}) => {
    if (protocol !== PROTOCOL) throw mismatch(control.info, protocol);
    return control.info;
  },
  stop: done(({graceMs}) => control.stop(graceMs)),

  'domain.create': async ({config, baseDir, paused}) => ({domid: await host.create(config, {baseDir, paused})}),
  'domain.save': ({domid, file, config, baseDir, preserveDomid, leave}) =>
    host.save(domid as DomId, file, {...(config !== null && {config, baseDir}), preserveDomid, leave}),
  'domain.restore': async ({file, config, baseDir, paused}) => ({
    domid: await host.restore(file, config ?? undefined, {baseDir, paused}),
  }),
  'domain.list': () => host.domains(),
  'domain.resolve': ({name}) => host.resolve(name) ?? null,
  'domain.config': ({domid}) => host.config(domid as DomId),
  'domain.setConfig': done(({domid, config}) => host.setConfig(domid as DomId, config)),
  'domain.pause': done(({domid}) => host.pause(domid as DomId)),
  'domain.unpause': done(({domid}) => host.unpause(domid as DomId)),
  'domain.shutdown': done(({domid, trigger}) => host.shutdown(domid as DomId, trigger)),
  'domain.waitShutdown': async ({domid}) => (await host.waitShutdown(domid as DomId)) ?? null,
  'domain.waitDestroyed': done(({domid}) => waitDestroyed(host, domid as DomId)),
  'domain.destroy': done(({domid}) => host.destroy(domid as DomId)),
  'domain.rename': done(({domid, name}) => host.rename(domid as DomId, name)),

  'domain.suspend': done(({domid}) => host.suspend(domid as DomId)),
  'domain.resume': done(({domid}) => host.resume(domid as DomId)),
  'domain.setMemoryTarget': done(({domid, targetKib}) => host.setMemoryTarget(domid as DomId, targetKib)),
  'domain.setMaxMemory': done(({domid, maxKib}) => host.setMaxMemory(domid as DomId, maxKib)),

  'domain.sysrq': done(({domid, letter}) => host.sendSysrq(domid as DomId, letter)),

  'vcpu.list': ({domid}) => host.cpus.vcpus(domid as DomId),
  'vcpu.setOnline': done(({domid, count}) => host.cpus.setOnline(domid as DomId, count)),
  'vcpu.pin': done(({domid, vcpu, hard, soft}) =>
    host.cpus.pin(domid as DomId, vcpu ?? undefined, {...(hard !== null && {hard}), ...(soft !== null && {soft})}),
  ),
  'pool.list': () => host.cpus.pools.list(),
  'pool.create': async ({name, scheduler, cpus}) => ({id: await host.cpus.pools.create(name, scheduler, cpus)}),
  'pool.destroy': done(({id}) => host.cpus.pools.destroy(id)),
  'pool.rename': done(({id, name}) => host.cpus.pools.rename(id, name)),
  'pool.addCpus': done(({id, cpus}) => host.cpus.pools.addCpus(id, cpus)),
  'pool.removeCpus': done(({id, cpus}) => host.cpus.pools.removeCpus(id, cpus)),
  'pool.move': done(({domid, id}) => host.cpus.movePool(domid as DomId, id)),
  'pool.setParameters': done(({id, parameters}) => host.cpus.pools.setParameters(id, parameters)),
  'pool.setArincSchedule': done(({id, schedule}) => host.cpus.pools.setArincSchedule(id, schedule)),
  'schedule.get': ({domid}) => host.cpus.schedule(domid as DomId),
  'schedule.set': done(({domid, scheduler, change}) => host.cpus.setSchedule(domid as DomId, scheduler, change)),

  'disk.attach': done(({domid, disk, baseDir}) => host.disks.attach(domid as DomId, disk, baseDir)),
  'disk.detach': done(({domid, vdev, force}) => host.disks.detach(domid as DomId, vdev, {force})),
  'disk.change': done(({domid, disk, baseDir}) => host.disks.changeMedium(domid as DomId, disk, baseDir)),
  'disk.list': ({domid}) => host.disks.list(domid as DomId),
  'vif.attach': done(({domid, vif}) => host.vifs.attach(domid as DomId, vif)),
  'vif.detach': done(({domid, which}) => host.vifs.detach(domid as DomId, which)),
  'vif.list': ({domid}) => host.vifs.list(domid as DomId),
  'vif.ethtool': ({domid, which}) => host.vifs.ethtool(domid as DomId, which),
  'vif.link': done(({domid, which, isUp}) => host.vifs.setLink(domid as DomId, which, isUp)),
  'net.bridges': () => host.net.bridges(),
  'net.addBridge': done(({bridge, uplinks}) => host.net.addBridge({...parseBridge(bridge), uplinks})),
  'vif.faults': ({domid, which, faults}) => {
    if (faults !== null) host.vifs.setFaults(domid as DomId, which, readFaults(faults));
    return host.vifs.faults(domid as DomId, which);
  },
  'scsi.attach': done(({domid, spec, baseDir}) => host.scsi.attach(domid as DomId, spec, baseDir)),
  'scsi.detach': done(({domid, vdev, force}) => host.scsi.detach(domid as DomId, vdev, {force})),
  'scsi.list': ({domid}) => host.scsi.list(domid as DomId),

  'export.iscsi': async ({domids, vhost, port}, session) => {
    const server = await host.scsi.exportIscsi(domids as DomId[], vhost, {port});
    session.keep(server);
    return {uris: server.uris};
  },
  'export.nbd': async ({domid, vdev, socket, port}, session) => {
    const server = await host.disks.exportNbd(domid as DomId, vdev, socket === '' ? {port} : {socket});
    session.keep(server);
    return {uri: server.uri};
  },

  'capture.start': ({domid, which, count}, session) => ({stream: session.startCapture(domid as DomId, which, count)}),
  'capture.stop': done(({stream}, session) => session.stopCapture(stream)),

  'console.attach': ({domid, type}, session) => ({stream: session.attachConsole(domid as DomId, type)}),
  'console.detach': done(({stream}, session) => session.detachConsole(stream)),

  'host.follow': done(({level}, session) => session.followEvents(level)),
  'host.info': () => host.info(),
  'host.top': () => host.top(),
  'host.costs': () =>
    host.costs()?.map(({domid, device, side, counts}) => ({domid, device, side, counts: toRecord(counts)})) ?? null,
  'host.debugKeys': done(({keys}) => host.debugKeys(keys)),
  'host.dmesg': ({clear}) => host.dmesg({clear}),
});

const mismatch = ({version, protocol, pid}: DaemonInfo, asked: number): ToolstackError =>
  new ToolstackError(
    'EPROTO',
    `pvsim: the running host (pid ${pid}) is of pvsim ${version} and speaks protocol ${protocol}, this program ` +
      `protocol ${asked}: stop it with "pvsim host stop" of that version, or with kill ${pid}`,
  );

const waitDestroyed = async (host: ServedHost, domid: DomId): Promise<void> => {
  if (host.nameOf(domid) === undefined) return;
  const gone = host.domainEvents.pipe(filter((event) => event.domid === domid && event.type === 'destroyed'));
  await firstValueFrom(gone, {defaultValue: undefined});
};

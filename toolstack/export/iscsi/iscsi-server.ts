import type {Server, Socket} from 'node:net';
import {ExactReader} from '../../../backends/storage/nbd/index.ts';
import type {ScsiUnit} from '../../../frontends/api.ts';
import {type Listen, listenLocally, portOf} from '../listen.ts';
import {BlockLengths} from './block-transfer.ts';
import {ExportedTarget} from './exported-target.ts';
import {Initiators} from './initiators.ts';
import {type LoggedIn, Login} from './login.ts';
import {Session} from './session.ts';
import {Wire} from './wire.ts';

/** An initiator that has not logged in by then is dropped. */
const LOGIN_MS = 10_000;
const PORTAL_GROUP = 1;

export interface IscsiServerOptions {
  /** Names of targets begin with it: "iqn.2026-11.local.pvsim:alice". */
  prefix: string;
  /**
   * Units that each guest has at its host now. Each initiator that is there gets a guest of its own as long as there is one,
   * so that units tell initiators apart by the guests; the others share the first.
   */
  guests: readonly (() => readonly ScsiUnit[])[];
  listen: Listen;
}

/** Serves the SCSI units of guests to initiators on this machine: a target for each channel and id. @see RFC 7143 */
export class IscsiServer {
  /** How initiators name the portal, and each unit of the first guest. */
  readonly portal: string;
  private readonly options: IscsiServerOptions;
  private readonly server: Server;
  private readonly clients = new Set<Socket>();
  private readonly initiators: Initiators;
  private readonly lengths = new BlockLengths();

  /** @throws ToolstackError when the socket or port cannot be had */
  static async listen(options: IscsiServerOptions): Promise<IscsiServer> {
    return new IscsiServer(await listenLocally(options.listen), options);
  }

  private constructor(server: Server, options: IscsiServerOptions) {
    this.server = server;
    this.options = options;
    this.initiators = new Initiators(options.guests.length);
    this.portal = `127.0.0.1:${portOf(server)}`;
    server.on('connection', (socket) => void this.serve(socket));
  }

  /** iscsi://PORTAL/TARGET/LUN of all that is exported now. */
  get uris(): string[] {
    return this.options.guests[0]().map((unit) => `iscsi://${this.portal}/${this.targetName(unit)}/${unit.lun}`);
  }

  close(): void {
    this.server.close();
    for (const client of this.clients) client.destroy();
  }

  /** An initiator that breaks the protocol, or goes away, is its own loss. */
  private async serve(socket: Socket): Promise<void> {
    this.clients.add(socket);
    socket.on('error', () => undefined);
    socket.setNoDelay(true);
    const wire = new Wire(socket, new ExactReader(socket));
    const impatience = setTimeout(() => socket.destroy(), LOGIN_MS);
    try {
      const login = await new Login(wire, (name) => this.hasTarget(name)).run();
      clearTimeout(impatience);
      if (login !== undefined) await this.runSession(wire, login);
      socket.end();
    } catch {
      socket.destroy();
    } finally {
      clearTimeout(impatience);
      this.clients.delete(socket);
    }
  }

  private async runSession(wire: Wire, login: LoggedIn): Promise<void> {
    const {targetName, initiatorName} = login;
    const guest = this.initiators.begin(initiatorName);
    const units = (): readonly ScsiUnit[] =>
      this.options.guests[guest]().filter((unit) => this.targetName(unit) === targetName);
    const target = targetName === undefined ? undefined : new ExportedTarget(units, this.lengths);
    try {
      await new Session({wire, login, target, listTargets: () => this.listTargets()}).run();
    } finally {
      this.initiators.end(guest);
    }
  }

  private listTargets(): [string, string][] {
    const names = new Set(this.options.guests[0]().map((unit) => this.targetName(unit)));
    return Array.from(names, (name) => [name, `${this.portal},${PORTAL_GROUP}`]);
  }

  private hasTarget(name: string): boolean {
    return this.options.guests[0]().some((unit) => this.targetName(unit) === name);
  }

  private targetName({channel, id}: ScsiUnit): string {
    return `${this.options.prefix}.${channel}.${id}`;
  }
}

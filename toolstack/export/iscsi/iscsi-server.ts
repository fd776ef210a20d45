import type {Server, Socket} from 'node:net';
import {ExactReader} from '../../../backends/storage/nbd/index.ts';
import type {ScsiUnit} from '../../../frontends/api.ts';
import {type Listen, listenLocally, portOf} from '../listen.ts';
import {ExportedTarget} from './exported-target.ts';
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
   * Units that each guest has at its host now. Each initiator that comes gets a guest of its own as long as there is one, so
   * that units tell initiators apart by the guests; the others share the first.
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
  /** Names of initiators, by the guest that stands for them. */
  private readonly initiators: string[] = [];

  /** @throws ToolstackError when the socket or port cannot be had */
  static async listen(options: IscsiServerOptions): Promise<IscsiServer> {
    return new IscsiServer(await listenLocally(options.listen), options);
  }

  private constructor(server: Server, options: IscsiServerOptions) {
    this.server = server;
    this.options = options;
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
      if (login !== undefined) await this.session(wire, login).run();
      socket.end();
    } catch {
      socket.destroy();
    } finally {
      clearTimeout(impatience);
      this.clients.delete(socket);
    }
  }

  private session(wire: Wire, login: LoggedIn): Session {
    const {targetName} = login;
    const guest = this.guestOf(login.initiatorName);
    const units = (): readonly ScsiUnit[] => guest().filter((unit) => this.targetName(unit) === targetName);
    const target = targetName === undefined ? undefined : new ExportedTarget(units);
    return new Session({wire, login, target, listTargets: () => this.listTargets()});
  }

  private guestOf(initiatorName: string): () => readonly ScsiUnit[] {
    const {guests} = this.options;
    const isNew = !this.initiators.includes(initiatorName);
    if (isNew && this.initiators.length < guests.length) this.initiators.push(initiatorName);
    return guests[Math.max(0, this.initiators.indexOf(initiatorName))];
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

import {realClock} from '../../../hypervisor/schedule/index.ts';
import {type Profile, XS} from '../../../hypervisor/xenstore/index.ts';
import type {StoreLayer, StorePage, StoreUnderTest} from '../iut/store.ts';
import {type StoreReply, StoreClient} from '../peers/store-client.ts';
import {StoreRingPeer} from '../peers/store-ring.ts';
import {createRig, type Rig} from '../rig.ts';
import {recorder} from '../seam/recorder.ts';
import {Seam} from '../seam/seam.ts';
import {startRig} from './start-rig.ts';
import {Stand, type StandOptions} from './stand.ts';
import {playScript} from './store-script.ts';

/** Domains that checks use. */
const DOMAINS = [1, 2, 3];
/** Real time in which a store outside does what it was asked. */
const PAUSE_NS = 20e6;

/** A store under test with clients of dom0 and of guests. */
export class XenstoredStand extends Stand {
  /** Of our own store, before the first client: which daemon it is to be. */
  profile: Profile | undefined;
  private readonly options: StandOptions;
  private readonly seam: Seam;
  private readonly clients = new Map<string, StoreClient>();
  private readonly created = new Set<number>();
  private store: Promise<StoreUnderTest> | undefined;
  private opened: StoreUnderTest | undefined;

  private constructor(rig: Rig, options: StandOptions) {
    super(rig, options);
    this.options = options;
    this.seam = new Seam(rig.dom0.ops, [...options.layers, recorder(options.log, 'iut')]);
  }

  static async open(options: StandOptions): Promise<XenstoredStand> {
    if (options.iut.isOutside !== true) return new XenstoredStand(await startRig(options), options);
    return new XenstoredStand(await createRig({clock: realClock(), traced: false}), options);
  }

  /** The client of this name: d0, d1; a letter behind it tells connections of one domain apart. Connects when first asked. */
  async client(name = 'd0'): Promise<StoreClient> {
    const known = this.clients.get(name);
    if (known !== undefined) return known;
    const store = await this.open();
    const domid = Number.parseInt(name.slice(1), 10);
    if (domid !== 0) await this.introduce(domid);
    return this.clients.get(name) ?? this.connect(name, store, domid);
  }

  /** A request and its reply; `payload` as on the wire, NULs and all. */
  async ask(client: StoreClient | string, type: number, payload: string, txId = 0): Promise<StoreReply> {
    const asker = typeof client === 'string' ? await this.client(client) : client;
    return this.within(asker.request(type, payload, txId), 'a reply');
  }

  /** Events of a client since they were last asked for, "path token" each: all that came before a reply of now. */
  async eventsOf(name: string): Promise<string[]> {
    const client = await this.client(name);
    await this.ask(client, XS.GET_DOMAIN_PATH, '0\0');
    if (this.options.iut.isOutside === true) await this.settle(PAUSE_NS);
    return client.events.splice(0).map(({path, token}) => `${path} ${token}`);
  }

  /** Requests, replies and events as text. @see store-script.ts */
  play(script: string): Promise<void> {
    return playScript(this, script);
  }

  /** A domain that the store knows, with /local/domain/N of its own. */
  async introduce(domid: number): Promise<void> {
    if (this.created.has(domid)) return;
    this.created.add(domid);
    const store = await this.open();
    store.createDomain(domid);
    await this.ask('d0', XS.INTRODUCE, `${domid}\x001\0${domid}\0`);
    await this.ask('d0', XS.MKDIR, `/local/domain/${domid}\0`);
    await this.ask('d0', XS.SET_PERMS, `/local/domain/${domid}\0n${domid}\0`);
  }

  /** The domain goes, with its clients. */
  async release(domid: number): Promise<void> {
    await this.ask('d0', XS.RELEASE, `${domid}\0`);
    this.created.delete(domid);
    for (const name of this.clients.keys()) if (Number.parseInt(name.slice(1), 10) === domid) this.clients.delete(name);
  }

  /** A guest that writes its page by itself. */
  async ring(domid = 1): Promise<StoreRingPeer> {
    const store = await this.open();
    await this.introduce(domid);
    const page: StorePage = store.page(domid) ?? this.inconclusive('the pages of domains are out of reach');
    const pauseNs = this.options.iut.isOutside === true ? PAUSE_NS : 1e6;
    return new StoreRingPeer(
      page,
      () => this.settle(pauseNs),
      (what) => this.note(`d${domid} ${what}`),
    );
  }

  dump(): string[] {
    return [];
  }

  override close(): void {
    for (const client of this.clients.values()) client.close();
    void this.opened?.close();
    super.close();
  }

  private async connect(name: string, store: StoreUnderTest, domid: number): Promise<StoreClient> {
    const as = this.options.layers.reduce((id, layer) => (layer as StoreLayer).asDomain?.(id) ?? id, domid);
    const transport = await store.connect(as);
    if (transport === undefined) return this.inconclusive('there is no way in for domains');
    const client = new StoreClient(this.seam.transport(transport), (what) => this.note(`${name} ${what}`));
    this.clients.set(name, client);
    return client;
  }

  private open(): Promise<StoreUnderTest> {
    return (this.store ??= this.prepare());
  }

  /** A store outside keeps what the check before has left. */
  private async prepare(): Promise<StoreUnderTest> {
    const store = await (this.options.iut.openStore?.(this.rig, this.seam, this.profile) ??
      this.inconclusive('it is no store'));
    this.opened = store;
    if (this.options.iut.isOutside !== true) return store;
    const cleaner = await this.connect('d0', store, 0);
    for (const domid of DOMAINS) {
      await this.ask(cleaner, XS.RELEASE, `${domid}\0`);
      await this.ask(cleaner, XS.RM, `/local/domain/${domid}\0`);
    }
    await this.ask(cleaner, XS.RM, '/conform\0');
    return store;
  }
}

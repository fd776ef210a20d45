import type {ConsolePage} from '../peers/console-page.ts';

/** A guest's console driver, as its programs use it, and its page in the hands of the check. */
export interface GuestConsole {
  readonly page: ConsolePage;
  /** What stands on the guest's screen, where it has one: for reports. */
  readonly lastLines: readonly string[];
  /** The guest says the bytes; resolves when the driver has them. */
  say(bytes: Uint8Array): Promise<void>;
  /** Programs of the guest take what is typed from here on. */
  listen(): Promise<void>;
  /** What they have got since. */
  heard(): Promise<number[]>;
}

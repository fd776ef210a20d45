import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';

/** What a guest's console driver under test gets: its kernel, and where its input goes. */
export interface ConsoleFrontendHost {
  readonly ops: HypervisorOps;
  readonly onInput: (bytes: Uint8Array) => void;
}

/** The guest's end of a console. */
export interface ConsoleFrontendUnderTest {
  /** What the guest says. */
  write(bytes: Uint8Array): void;
}

/** What a console daemon under test gets: dom0, and where the output of guests goes. */
export interface ConsoleBackendHost {
  readonly ops: HypervisorOps;
  readonly xs: XsClient;
  readonly onOutput: (domid: number, bytes: Uint8Array) => void;
}

/** Dom0's end of all consoles. It serves each domain that the store has. */
export interface ConsoleBackendUnderTest {
  /** Types at a guest's console. */
  write(domid: number, bytes: Uint8Array): void;
  /** Bytes of a guest's output that it keeps for whoever attaches later, where it keeps any. */
  kept?(domid: number): number;
}

/** Either end of the PV console, or both. */
export interface ConsolesUnderTest {
  /** Undefined when the domain has no console. */
  readonly frontend?: (host: ConsoleFrontendHost) => ConsoleFrontendUnderTest | undefined;
  readonly backend?: (host: ConsoleBackendHost) => ConsoleBackendUnderTest;
}

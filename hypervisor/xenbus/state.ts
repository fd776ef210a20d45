import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateReconfigured,
  XenbusStateReconfiguring,
  XenbusStateUnknown,
} from '../abi/io/xenbus.ts';

/** XenbusState*: 0..8 as written into the `state` node. @see xenbus.h */
export type XenbusState = number;
export type XenbusRole = 'frontend' | 'backend';

export const stateNames: readonly string[] = [
  'Unknown',
  'Initialising',
  'InitWait',
  'Initialised',
  'Connected',
  'Closing',
  'Closed',
  'Reconfiguring',
  'Reconfigured',
];

export const stateName = (state: XenbusState): string => stateNames[state] ?? `state ${state}`;

/** The number in a `state` node; anything that is not a state is Unknown. */
export const parseState = (text: string | undefined): XenbusState => {
  const state = text === undefined ? Number.NaN : Number.parseInt(text, 10);
  return state >= XenbusStateUnknown && state <= XenbusStateReconfigured ? state : XenbusStateUnknown;
};

type Moves = readonly (readonly XenbusState[])[];

/** Where a driver's own end may go next, by its state now. What the peer does decides when, not whether. */
const transitions: Record<XenbusRole, Moves> = {
  backend: moves({
    [XenbusStateInitialising]: [XenbusStateInitWait, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateInitWait]: [XenbusStateInitialised, XenbusStateConnected, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateInitialised]: [XenbusStateConnected, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateConnected]: [XenbusStateReconfiguring, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateReconfiguring]: [XenbusStateReconfigured, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateReconfigured]: [XenbusStateConnected, XenbusStateReconfiguring, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateClosing]: [XenbusStateClosed],
    // A frontend that starts anew finds a closed backend and waits for it.
    [XenbusStateClosed]: [XenbusStateInitWait, XenbusStateInitialising],
  }),
  frontend: moves({
    [XenbusStateInitialising]: [
      XenbusStateInitWait,
      XenbusStateInitialised,
      XenbusStateConnected,
      XenbusStateClosing,
      XenbusStateClosed,
    ],
    [XenbusStateInitWait]: [XenbusStateInitialised, XenbusStateConnected, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateInitialised]: [XenbusStateConnected, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateConnected]: [XenbusStateReconfiguring, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateReconfiguring]: [XenbusStateReconfigured, XenbusStateConnected, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateReconfigured]: [XenbusStateConnected, XenbusStateClosing, XenbusStateClosed],
    [XenbusStateClosing]: [XenbusStateClosed],
    [XenbusStateClosed]: [XenbusStateInitialising],
  }),
};

function moves(table: Record<number, XenbusState[]>): Moves {
  return stateNames.map((_, state) => table[state] ?? []);
}

export const isLegalMove = (role: XenbusRole, from: XenbusState, to: XenbusState): boolean =>
  from === to || transitions[role][from].includes(to);

/** Where an end may go from a state, other than stay. */
export const nextStates = (role: XenbusRole, from: XenbusState): readonly XenbusState[] =>
  transitions[role][from] ?? [];

/** The table as text: one line a state. */
export const formatTransitions = (role: XenbusRole): string =>
  transitions[role]
    .map((next, state) => `${role} ${stateName(state)} -> ${next.map((to) => stateName(to)).join(' | ') || '(none)'}`)
    .join('\n');

/**
 * States that the two ends of a device write into their `state` nodes.
 * @see xenbus.h
 */
import {scalar} from '../ctype.ts';

/** The life of a device runs from Initialising to Closed. */
export const XenbusStateUnknown = 0;

export const XenbusStateInitialising = 1;

export const XenbusStateInitWait = 2;

export const XenbusStateInitialised = 3;

export const XenbusStateConnected = 4;

export const XenbusStateClosing = 5;

export const XenbusStateClosed = 6;

export const XenbusStateReconfiguring = 7;

export const XenbusStateReconfigured = 8;

export const XenbusState = scalar('XenbusState', 'u32');

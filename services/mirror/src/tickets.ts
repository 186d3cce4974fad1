/** Tickets of C2SP tlog-mirror: a pending checkpoint of the past that the client keeps for us, authenticated, so that an upload can go on. */
import { concatBytes, utf8Encode } from '@verbatim/tlog';
import { createHmac, timingSafeEqual } from 'node:crypto';

const MAC_BYTES = 32;
/** What two bytes can count. */
const MAX_TICKET_BYTES = 0xffff;

export class Tickets {
  readonly #secret: Uint8Array;

  /** @param secret 32 bytes; the same after a restart, or clients begin anew */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** A ticket for a note that this mirror has accepted as pending; empty when it does not fit. */
  seal(origin: string, note: Uint8Array): Uint8Array {
    const ticket = concatBytes(this.#mac(origin, note), note);
    return ticket.length > MAX_TICKET_BYTES ? new Uint8Array() : ticket;
  }

  /** The note, or null for what this mirror has not sealed for this origin. */
  open(origin: string, ticket: Uint8Array): Uint8Array | null {
    if (ticket.length < MAC_BYTES) return null;
    const note = ticket.subarray(MAC_BYTES);
    return timingSafeEqual(this.#mac(origin, note), ticket.subarray(0, MAC_BYTES)) ? note : null;
  }

  #mac(origin: string, note: Uint8Array): Uint8Array {
    const name = utf8Encode(origin);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, name.length);
    return createHmac('sha256', this.#secret).update(length).update(name).update(note).digest();
  }
}

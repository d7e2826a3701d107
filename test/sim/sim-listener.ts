import type { AgentListener } from '#node-agent/agent.ts';
import type { MemberListenerOptions } from '#node-agent/listener/member-listener.ts';
import type { Connection } from '#node-agent/session/connection.ts';
import type { Session } from '#node-agent/session/session.ts';
import type { Wire } from '#node-agent/session/wire.ts';
import {
  decodeAdditionalConnect,
  encodeAdditionalConnectAnswer,
} from '#shared/wire/additional-connect.ts';
import { encodeErrorAnswer } from '#shared/wire/error-answer.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { decodeLogin } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import { decodePack, encodePack, loginPackLimits, type Pack } from '#shared/wire/pack.ts';
import { encodeWelcome } from '#shared/wire/welcome.ts';
import type { LinkEnd } from './link.ts';

/**
 * Stands in for the listener: a client's first message decides what its connection becomes, as in
 * `node-agent/listener/visit.ts`. Everything behind the door is the agent's own.
 */
export class SimListener implements AgentListener {
  readonly #options: MemberListenerOptions;
  readonly #note: (what: string) => void;
  readonly #ends = new Set<LinkEnd>();
  port = 0;
  isOpen = false;

  constructor(options: MemberListenerOptions, note: (what: string) => void) {
    this.#options = options;
    this.#note = note;
  }

  get sockets(): number {
    return this.#ends.size;
  }

  get waiting(): number {
    return 0;
  }

  get ends(): readonly LinkEnd[] {
    return [...this.#ends];
  }

  takeCauses(): Record<string, number> {
    return {};
  }

  async open(_address: string, port: number): Promise<void> {
    this.port = port;
    this.isOpen = true;
  }

  async close(): Promise<void> {
    this.isOpen = false;
    for (const end of this.#ends) end.end();
    this.#ends.clear();
  }

  /** A connection was accepted. */
  accept(end: LinkEnd, address: string): void {
    let connection: Connection | undefined;
    let asking = false;
    let gone = false;
    this.#ends.add(end);
    const refuse = (code: number): void => {
      end.send(encodePack(encodeErrorAnswer(code)));
      this.#end(end);
    };
    const enter = (session: Session, answer: Pack): void => {
      end.send(encodePack(answer));
      const joined = session.join(this.#wireOf(end));
      if (joined.kind === 'joined') connection = joined.connection;
      else this.#end(end);
    };
    const first = (pack: Pack): void => {
      if (readMethod(pack) === 'additional_connect') {
        const session = this.#options.door.session(decodeAdditionalConnect(pack).sessionKey);
        if (session === undefined) refuse(errorCode.sessionTimeout);
        else if (!session.hasRoom) refuse(errorCode.tooManyConnections);
        else enter(session, encodeAdditionalConnectAnswer({ direction: session.nextDirection }));
        return;
      }
      asking = true;
      const login = decodeLogin(pack);
      void this.#options.door.login(login, { address, isGone: () => gone }).then((outcome) => {
        if (outcome.kind === 'reject') {
          this.#note(`rejects ${login.userName}: ${outcome.reason}`);
          if (!gone) refuse(outcome.code);
        } else if (gone) outcome.session.close('client-gone');
        else if (!outcome.session.hasRoom) refuse(errorCode.sessionTimeout);
        else enter(outcome.session, encodeWelcome(outcome.welcome));
      });
    };
    end.listen({
      onData: (bytes) => {
        if (connection !== undefined) connection.received(bytes);
        else if (!asking) first(decodePack(bytes, loginPackLimits));
      },
      onEnd: () => {
        gone = true;
        connection?.closed();
        this.#ends.delete(end);
      },
    });
  }

  #wireOf(end: LinkEnd): Wire {
    return {
      write: (bytes) => end.send(bytes),
      get bufferedBytes() {
        return end.bufferedBytes;
      },
      end: () => this.#end(end),
    };
  }

  #end(end: LinkEnd): void {
    end.end();
    this.#ends.delete(end);
  }
}

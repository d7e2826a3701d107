import { type Context, Hono } from 'hono';
import { unreachable } from '#shared/kernel/assert.ts';
import { below } from '#shared/kernel/random.ts';
import { encodeEnumHubAnswer } from '#shared/wire/enum-hub.ts';
import { encodeErrorAnswer, encodeNoopAnswer } from '#shared/wire/error-answer.ts';
import { errorCode } from '#shared/wire/error-code.ts';
import { encodeHello } from '#shared/wire/hello.ts';
import {
  connectBodyBytesMax,
  connectTarget,
  loginBodyBytesMax,
  packContentType,
  probePage,
  vpnTarget,
} from '#shared/wire/http.ts';
import { decodeLogin } from '#shared/wire/login.ts';
import { readMethod } from '#shared/wire/method.ts';
import { decodePack, encodePack, loginPackLimits, Pack } from '#shared/wire/pack.ts';
import { decodePasswordChange } from '#shared/wire/password-change.ts';
import { encodeRedirect } from '#shared/wire/redirect.ts';
import { WireError } from '#shared/wire/wire-error.ts';
import { issueChallenge } from '../domain/challenge.ts';
import type { LoadBalancerBindings } from '../http/load-balancer.ts';
import type { FrontDoor, Source } from './front-door.ts';
import { HubList } from './hub-list.ts';
import { logIn } from './login.ts';
import { changePassword } from './password-change.ts';

/**
 * What Hello says besides the token. Clients and cascades choose what they ask for by these: the
 * numbers are those of the genuine server this one behaves like (protocol/02 §6).
 */
const likeServer = { version: 502, build: 5187 } as const;
/** Answers vary in length by up to this many bytes, as genuine ones do. */
const paddingBytesMax = 1_000;

type FrontDoorContext = Context<{ Bindings: LoadBalancerBindings }>;

/** SoftEther's face of the cluster: Hello, and a redirect or an error. It serves no session. */
export function frontDoorApp(frontDoor: FrontDoor): Hono<{ Bindings: LoadBalancerBindings }> {
  const app = new Hono<{ Bindings: LoadBalancerBindings }>();
  const hubList = new HubList(frontDoor);

  // Status and page are those of a genuine server; old clients look for the page (protocol/02 §4).
  app.get('/', (context) => context.html(probePage, 403));

  app.post(connectTarget, async (context) => {
    const body = await context.req.arrayBuffer();
    if (body.byteLength > connectBodyBytesMax) return context.text('Content Too Large', 413);
    const { clock, random, secrets } = frontDoor;
    const { clientAddress } = context.env;
    const key = await secrets.challengeKey();
    const challenge = issueChallenge(key, clientAddress, clock.nowMs(), random);
    const hello = { hello: challenge.token, random: challenge.random, ...likeServer };
    return packAnswer(context, frontDoor, encodeHello(hello));
  });

  app.post(vpnTarget, async (context) => {
    const body = Buffer.from(await context.req.arrayBuffer());
    const source = { address: context.env.clientAddress, requestId: context.env.requestId };
    try {
      return packAnswer(context, frontDoor, await answer(frontDoor, hubList, body, source));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const facts = { code: errorCode.protocolError, reason: error.code };
      frontDoor.log.info('login.rejected', { ...facts, ...sourceFields(source) });
      return packAnswer(context, frontDoor, encodeErrorAnswer(errorCode.protocolError));
    }
  });

  app.notFound((context) => context.text('Not Found', 404));
  // An environment that fails us, or a bug: the invocation fails and rings; the client tries again.
  app.onError((error) => {
    throw error;
  });
  return app;
}

/** @throws {WireError} when the body is not a PACK, or the PACK not what it says it is. */
async function answer(
  frontDoor: FrontDoor,
  hubList: HubList,
  body: Buffer,
  source: Source,
): Promise<Pack> {
  if (body.length > loginBodyBytesMax) {
    throw new WireError('pack-over-limit', `a body of ${body.length} bytes`);
  }
  const pack = decodePack(body, loginPackLimits);
  const method = readMethod(pack);
  switch (method) {
    case 'login': {
      const login = await logIn(frontDoor, decodeLogin(pack), source);
      return login.kind === 'redirect'
        ? encodeRedirect(login.redirect)
        : encodeErrorAnswer(login.code, undefined, login.noSavePassword);
    }
    case 'password':
      return encodeErrorAnswer(await changePassword(frontDoor, decodePasswordChange(pack), source));
    case 'enum_hub':
      return encodeEnumHubAnswer(await hubList.names());
    case 'noop':
      return encodeNoopAnswer();
    case 'empty': // after a redirect; whatever is answered is not read (protocol/02 §1, 3)
      return new Pack().setInt('error', errorCode.none);
    case 'additional_connect':
      // Sessions are at members: this one is over, and the client starts anew at once.
      return refuse(frontDoor, method, errorCode.sessionTimeout, source);
    case 'admin': // needs a connection that stays
    case 'farm_connect': // likewise
      return refuse(frontDoor, method, errorCode.notSupported, source);
    case 'unknown':
      return refuse(frontDoor, method, errorCode.protocolError, source);
    default:
      return unreachable(method);
  }
}

function refuse({ log }: FrontDoor, method: string, code: number, source: Source): Pack {
  log.info('method.rejected', { method, code, ...sourceFields(source) });
  return encodeErrorAnswer(code);
}

function sourceFields({ address, requestId }: Source): object {
  return { source: address, requestId };
}

/** Always status 200 and exactly this content type (protocol/02 §4). */
function packAnswer(context: FrontDoorContext, { random }: FrontDoor, pack: Pack): Response {
  const padded = pack.setPadding(random.bytes(below(random, paddingBytesMax)));
  const body = new Uint8Array(encodePack(padded));
  return context.body(body, 200, { 'Content-Type': packContentType });
}

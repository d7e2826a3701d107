import type { MemberCaller } from '#functions/store/member-caller.ts';
import type { SignedPost } from './signed-post.ts';

const apiVersion = '2011-01-01';

/**
 * {@link MemberCaller} by a scaling policy of the group that adds one machine. Setting the desired
 * number instead could also lower it, below what a schedule or a person set a second ago; a policy
 * only adds, and its cooldown is kept by the group.
 */
export class ScalingPolicy implements MemberCaller {
  readonly #autoScaling: SignedPost;
  readonly #policyArn: string;

  constructor(autoScaling: SignedPost, policyArn: string) {
    this.#autoScaling = autoScaling;
    this.#policyArn = policyArn;
  }

  async call(): Promise<'called' | 'on-the-way'> {
    const form = new URLSearchParams({
      Action: 'ExecutePolicy',
      Version: apiVersion,
      PolicyName: this.#policyArn,
      HonorCooldown: 'true',
    });
    const type = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const { status, text } = await this.#autoScaling.post(type, form.toString());
    if (status === 200) return 'called';
    const code = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? `HTTP ${status}`;
    if (code.startsWith('ScalingActivityInProgress')) return 'on-the-way';
    throw new Error(`ExecutePolicy: ${code}`);
  }
}

/** The agent's own state and the acts on it; shared by the top bar, the palette and the wrap-up panel. */
import { work } from '../api/calls';
import type { AgentState, Named } from '../api/types';
import { Action } from '../lib/action.svelte';
import { live } from '../live/live.svelte';

class OwnPresence {
  reasons = $state.raw<Named[]>([]);
  readonly action = new Action();

  get agent() {
    return live.state.me;
  }

  async loadReasons(): Promise<void> {
    this.reasons = await work.pauseReasons();
  }

  async set(state: AgentState, reason: string | null = null, afterThis = false): Promise<boolean> {
    return this.action.runOrTell(async () => {
      const agent = await work.setPresence(state, reason, afterThis);
      live.learn({ seq: 0, at: 0, type: 'agent.changed', data: { agent } });
    });
  }

  /** Between ready and paused; nothing while the state is not known yet, for it would be a guess. */
  toggle(): void {
    if (!this.agent) return;
    const working = !['paused', 'offline', 'not_responding'].includes(this.agent.state);
    void this.set(working ? 'paused' : 'ready', working ? (this.reasons[0]?.id ?? null) : null);
  }
}

export const presence = new OwnPresence();

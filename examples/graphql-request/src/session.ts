// One device's session: sends operations with the access token, and gets the next one when it has expired.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { GraphQLClient } from 'graphql-request';
import { type Failure, failureOf } from './failure.js';
import {
  ConfirmEmailDocument, type ConfirmEmailInput, ContinueLoginDocument, type ContinueLoginInput, type KeptFragment,
  LoginDocument, type LoginInput, LogoutDocument, type MistakeFragment, RefreshDocument, StepUpDocument, type StepUpInput,
} from './gql/graphql.js';

/** What a device keeps between its runs. The device token outlives a logout: it opens nothing by itself. */
export interface Kept {
  accessToken?: string;
  refreshToken?: string;
  deviceToken?: string;
}

/** Where a device keeps that: a file of its user, the keychain, the secure storage of a phone. */
export interface Store {
  read(): Promise<Kept>;
  write(kept: Kept): Promise<void>;
}

export interface Options {
  /** The service's API: `https://auth.example.org/graphql`. */
  url: string;
  store: Store;
  /**
   * Asks the person to show again who they are, with a second factor if the level is `aal2`. The errors are those of the
   * answer before. Null gives up.
   */
  prove?: (level: 'aal1' | 'aal2', errors: readonly MistakeFragment[]) => Promise<StepUpInput | null>;
  fetch?: typeof fetch;
}

export class Session {
  readonly #client: GraphQLClient;
  readonly #options: Options;
  #kept: Kept;
  #refreshing: Promise<boolean> | undefined;

  private constructor(options: Options, kept: Kept) {
    this.#client = new GraphQLClient(options.url, { fetch: options.fetch ?? fetch });
    this.#options = options;
    this.#kept = kept;
  }

  /** Goes on with what the store has. */
  static async open(options: Options): Promise<Session> {
    return new Session(options, await options.store.read());
  }

  /** Whether somebody is logged in, as far as is known here. */
  get loggedIn(): boolean {
    return this.#kept.refreshToken !== undefined;
  }

  /** Runs an operation, and once more if its failure could be put right. */
  async ask<Data, Variables extends object>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
    const sent = this.#kept.accessToken;
    try {
      return await this.#send(document, variables, sent);
    } catch (error) {
      if (!(await this.#putRight(failureOf(error), sent))) throw error;
      return this.#send(document, variables, this.#kept.accessToken);
    }
  }

  /** Logs in. Look at `tokens` first, then at `step`, which `continueLogin` answers, and then at `errors`. */
  async login(input: LoginInput) {
    const { login } = await this.ask(LoginDocument, { input: { deviceToken: this.#kept.deviceToken, ...input } });
    await this.#begin(login);
    return login;
  }

  /** Answers the step of a login. */
  async continueLogin(input: ContinueLoginInput) {
    const { continueLogin } = await this.ask(ContinueLoginDocument, { input });
    await this.#begin(continueLogin);
    return continueLogin;
  }

  /** Follows a mailed link. The one of a registration also logs in. */
  async confirmEmail(input: ConfirmEmailInput) {
    const { confirmEmail } = await this.ask(ConfirmEmailDocument, { input });
    await this.#begin(confirmEmail);
    return confirmEmail;
  }

  async logout(): Promise<void> {
    const { refreshToken } = this.#kept;
    await this.forget();
    if (refreshToken) await this.#send(LogoutDocument, { input: { refreshToken } }, undefined);
  }

  /** Forgets who was logged in, and keeps the device token. */
  forget(): Promise<void> {
    return this.#keep({ deviceToken: this.#kept.deviceToken });
  }

  #send<Data, Variables extends object>(document: TypedDocumentNode<Data, Variables>, variables: Variables, accessToken?: string) {
    const headers: Record<string, string> = accessToken ? { authorization: `Bearer ${accessToken}` } : {};
    return this.#client.request<Data>({ document, variables, requestHeaders: headers });
  }

  async #keep(kept: Kept): Promise<void> {
    this.#kept = kept;
    await this.#options.store.write(kept);
  }

  async #begin(login: { tokens?: KeptFragment | null; deviceToken?: string | null } | null | undefined): Promise<void> {
    if (!login?.tokens) return;
    await this.#keep({ ...tokensOf(login.tokens), deviceToken: login.deviceToken ?? this.#kept.deviceToken });
  }

  /** Reports whether the operation that was sent with this access token may be sent again. */
  async #putRight(failure: Failure | undefined, sent: string | undefined): Promise<boolean> {
    if (failure?.reason === 'STEP_UP') return this.#stepUp(failure.level ?? 'aal1');
    if (failure?.code !== 'UNAUTHENTICATED') return false;
    if (sent !== this.#kept.accessToken) return this.loggedIn; // another request has refreshed meanwhile
    switch (failure.reason) {
      case 'REVOKED': // logged out from another device, or the account was disabled: there is nothing to refresh
        await this.forget();
        return false;
      default: // EXPIRED; INVALID, as after a change of the service's keys; MISSING, as of a program that has just begun
        return this.#refresh();
    }
  }

  /** Trades the refresh token, once for all requests that ask for it meanwhile. */
  #refresh(): Promise<boolean> {
    this.#refreshing ??= this.#trade().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #trade(): Promise<boolean> {
    const { refreshToken } = this.#kept;
    if (!refreshToken) return false;
    // A service that is away throws here. That is no logout: what is kept stays.
    const { refresh } = await this.#send(RefreshDocument, { input: { refreshToken } });
    if (refresh?.tokens) await this.#keep({ ...this.#kept, ...tokensOf(refresh.tokens) });
    else await this.forget(); // TOKEN_INVALID: the session has ended
    return this.loggedIn;
  }

  /** Has the person show again who they are, until it holds or they give up. */
  async #stepUp(level: 'aal1' | 'aal2'): Promise<boolean> {
    for (let errors: readonly MistakeFragment[] = []; ; ) {
      const input = await this.#options.prove?.(level, errors);
      if (!input) return false;
      const { stepUp } = await this.ask(StepUpDocument, { input });
      if (stepUp?.tokens) {
        await this.#keep({ ...this.#kept, accessToken: stepUp.tokens.accessToken });
        return true;
      }
      errors = stepUp?.errors ?? [];
    }
  }
}

const tokensOf = ({ accessToken, refreshToken }: KeptFragment): Kept => ({ accessToken, refreshToken: refreshToken ?? undefined });

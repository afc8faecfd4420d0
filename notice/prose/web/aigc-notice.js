// <aigc-notice> tells that content was made by AI, for as long as the content is shown. It asks nothing of the network,
// stores nothing, and can't be closed.
//
//   <aigc-notice></aigc-notice>                  the words in the language of the page, in view while the container scrolls
//   <aigc-notice lang="both" at="bottom">        zh, en or both; at the container's bottom
//   <aigc-notice words="AI生成" detail="…">       words of your own (an AI word and 生成 or 合成); more behind a button
//   <aigc-notice chat="[data-ai]">               besides, a small notice in each message of the parent that matches
//
// Without this script the element shows the words written inside of it.
(() => {
  'use strict';

  const WORDS = { zh: '人工智能生成', en: 'AI-generated', both: '人工智能生成 AI-generated' };
  const MORE = { zh: '说明', en: 'About' };

  /** keeps reports whether words name both elements that GB 45438-2025 asks for. */
  const keeps = (words) => /人工智能|AI/.test(words) && /生成|合成/.test(words);

  /** tongue returns zh, en or both for an element, from its own lang or from that of what is around it. */
  const tongue = (element) => {
    const own = (element.getAttribute('lang') || '').toLowerCase();
    if (own === 'both') return 'both';
    const around = own || (element.parentElement?.closest('[lang]')?.getAttribute('lang') || 'zh').toLowerCase();
    return around.startsWith('en') ? 'both' : 'zh'; // English alone does not keep the rule
  };

  class AIGCNotice extends HTMLElement {
    static observedAttributes = ['lang', 'words', 'detail', 'chat'];

    #watch = null;
    #shown = '';
    #parts = [];

    connectedCallback() {
      this.#show();
      this.#listen();
    }

    disconnectedCallback() {
      this.#watch?.disconnect();
      this.#watch = null;
    }

    attributeChangedCallback() {
      if (!this.isConnected) return;
      this.#show();
      this.#listen();
    }

    get words() {
      const own = (this.getAttribute('words') || '').trim();
      return keeps(own) ? own : WORDS[tongue(this)];
    }

    #show() {
      const words = this.words;
      const detail = (this.getAttribute('detail') || '').trim();
      if (this.#shown === words + '\n' + detail && this.textContent) return;
      this.#shown = words + '\n' + detail;
      this.setAttribute('role', 'note');
      this.setAttribute('aria-label', words);
      const text = document.createElement('span');
      const [chinese, english] = words === WORDS.both ? [WORDS.zh, WORDS.en] : [words, ''];
      text.lang = /\p{Script=Han}/u.test(chinese) ? 'zh-CN' : 'en';
      text.textContent = chinese;
      const parts = [text];
      if (english) {
        const second = document.createElement('span');
        second.lang = 'en';
        second.textContent = ' ' + english;
        parts.push(second);
      }
      if (detail) {
        const details = document.createElement('details');
        const summary = document.createElement('summary');
        summary.textContent = english || text.lang === 'en' ? MORE.en : MORE.zh;
        details.append(summary, ' ' + detail);
        parts.push(details);
      }
      this.#parts = parts;
      this.replaceChildren(...parts);
    }

    // The parser adds the words inside the element after it was connected; what a page's own code adds goes too.
    get #ours() {
      return this.childNodes.length === this.#parts.length && this.#parts.every((part, i) => part === this.childNodes[i]);
    }

    // The words come back when a page's own code takes them away, and each message of a chat gets its notice.
    #listen() {
      this.#watch?.disconnect();
      this.#watch = new MutationObserver(() => this.#restore());
      this.#watch.observe(this, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ['hidden', 'aria-hidden', 'style', 'class'] });
      if (this.#messages && this.parentElement) {
        this.#watch.observe(this.parentElement, { childList: true, subtree: true });
      }
      this.#restore();
    }

    get #messages() {
      return this.hasAttribute('inline') ? '' : (this.getAttribute('chat') || '').trim();
    }

    #restore() {
      for (const name of ['hidden', 'aria-hidden']) {
        if (this.hasAttribute(name)) this.removeAttribute(name);
      }
      if (!this.#ours || !this.textContent.includes(this.words.split(' ')[0])) {
        this.#shown = '';
        this.#show();
      }
      if (!this.#messages || !this.parentElement) return;
      for (const message of this.parentElement.querySelectorAll(this.#messages)) {
        if (message.querySelector(':scope > aigc-notice')) continue;
        const small = document.createElement('aigc-notice');
        small.setAttribute('inline', '');
        if (this.hasAttribute('words')) small.setAttribute('words', this.getAttribute('words'));
        if (this.hasAttribute('lang')) small.setAttribute('lang', this.getAttribute('lang'));
        message.prepend(small);
      }
    }
  }

  if (!customElements.get('aigc-notice')) customElements.define('aigc-notice', AIGCNotice);
})();

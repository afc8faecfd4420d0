// Looks at a page for Colophon, in a world of its own. It never sends anything, and puts back what it changes.
(() => {
	const most = {text: 2000000, hits: 60, links: 500, media: 200, controls: 300};
	const skip = new Set(['SCRIPT', 'STYLE', 'TEMPLATE', 'NOSCRIPT', 'HEAD', 'TITLE', 'TEXTAREA']);
	const hits = [];
	const box = r => ({x: r.left + scrollX, y: r.top + scrollY, width: r.width, height: r.height});
	const style = e => getComputedStyle(e);

	// All text of the page in one string, and which node each piece of it is. Blocks are parted by line feeds.
	const pieces = [];
	let all = '', cut = false;
	const put = (text, node) => {
		if (all.length + text.length > most.text) { cut = true; return; }
		if (node) pieces.push({from: all.length, to: all.length + text.length, node});
		all += text;
	};
	const walk = node => {
		if (node.nodeType === 3) return put(node.data.replace(/\s/g, ' '), node);
		if (node.nodeType !== 1 && node.nodeType !== 11) return;
		if (node.nodeType === 1) {
			if (skip.has(node.tagName)) return;
			if (node.tagName === 'BR') return put('\n');
		}
		const apart = node.nodeType === 1 && !/^(inline|contents)/.test(style(node).display);
		if (apart) put('\n');
		if (node.shadowRoot) walk(node.shadowRoot);
		for (const child of node.tagName === 'SLOT' && node.assignedNodes().length ? [] : node.childNodes) walk(child);
		if (apart) put('\n');
	};

	// A way out of a shadow root, up to the page.
	const up = e => e.parentElement || (e.getRootNode() instanceof ShadowRoot ? e.getRootNode().host : null);
	const within = (e, test) => { for (; e; e = up(e)) if (test(e)) return e; return null; };

	const why = (range, element) => {
		const none = within(element, e => style(e).display === 'none');
		if (none) return 'display';
		if (style(element).visibility !== 'visible') return 'visibility';
		if (within(element, e => +style(e).opacity < 0.05)) return 'opacity';
		const r = range.getBoundingClientRect();
		if (r.width < 1 || r.height < 1) return 'size';
		const page = document.documentElement;
		if (r.right + scrollX <= 0 || r.bottom + scrollY <= 0 || r.left + scrollX >= Math.max(page.scrollWidth, innerWidth) || r.top + scrollY >= Math.max(page.scrollHeight, innerHeight)) return 'place';
		return '';
	};

	const linked = (element) => {
		let a = within(element, e => e.tagName === 'A' && e.hasAttribute('href'));
		if (!a) { // the nearest block that has the text may have a link beside it
			const block = within(element, e => !/^(inline|contents)/.test(style(e).display));
			a = block && block.tagName !== 'BODY' ? block.querySelector('a[href]') : null;
		}
		return a ? {address: a.href, text: (a.innerText || '').trim().slice(0, 200)} : null;
	};

	const hit = (name, from, to) => {
		const held = pieces.filter(p => p.from < to && p.to > from);
		if (!held.length) return;
		const range = document.createRange();
		range.setStart(held[0].node, Math.max(0, from - held[0].from));
		const last = held[held.length - 1];
		range.setEnd(last.node, Math.min(last.to, to) - last.from);
		const element = held[0].node.parentElement || held[0].node.parentNode.host;
		const s = style(element);
		const one = {
			name, text: all.slice(from, to).slice(0, 300),
			size: parseFloat(s.fontSize) || 0, hidden: why(range, element), link: linked(element),
			fixed: !!within(element, e => /^(fixed|sticky)$/.test(style(e).position)),
			footer: !!within(element, e => e.tagName === 'FOOTER' || e.getAttribute('role') === 'contentinfo'),
			special: !!within(element, e => /text/.test(style(e).backgroundClip || style(e).webkitBackgroundClip || '')),
			box: box(range.getBoundingClientRect()),
		};
		hits.push({range, nodes: held.map(p => p.node)});
		one.index = hits.length - 1;
		return one;
	};

	const media = () => {
		const list = [], seen = new Set();
		const add = (kind, e, address) => {
			if (!address || seen.has(address) || list.length >= most.media) return;
			seen.add(address);
			list.push({kind, address, box: box(e.getBoundingClientRect()), chosen: false, e});
		};
		const roots = [document];
		for (let i = 0; i < roots.length; i++) for (const e of roots[i].querySelectorAll('*')) {
			if (e.shadowRoot) roots.push(e.shadowRoot);
			if (e.tagName === 'IMG') add('image', e, e.currentSrc || e.src);
			if (e.tagName === 'VIDEO' || e.tagName === 'AUDIO') add(e.tagName.toLowerCase(), e, e.currentSrc || e.src || (e.querySelector('source') || {}).src);
			if (e.tagName === 'A' && e.hasAttribute('download')) add('download', e, e.href);
		}
		return list;
	};

	globalThis.colophon = {
		look(wants, chosen) {
			walk(document.body || document.documentElement);
			const texts = [];
			for (const {name, pattern, flags} of wants) {
				const re = new RegExp(pattern, 'g' + (flags || ''));
				for (let m; (m = re.exec(all)) && hits.length < most.hits;) {
					if (!m[0]) { re.lastIndex++; continue; }
					const one = hit(name, m.index, m.index + m[0].length);
					if (one) texts.push(one);
				}
			}
			const links = [];
			for (const a of document.querySelectorAll('a[href]')) {
				if (links.length >= most.links) break;
				links.push({address: a.href, text: (a.innerText || '').trim().slice(0, 200), picture: !!a.querySelector('img,svg'), box: box(a.getBoundingClientRect())});
			}
			const controls = [];
			for (const e of document.querySelectorAll('label,button,input[type=checkbox],input[type=radio],input[type=submit],option,[role=checkbox],[role=switch],[role=radio],[role=button]')) {
				if (controls.length >= most.controls) break;
				const labels = e.labels ? [...e.labels].map(l => l.innerText).join(' ') : '';
				const text = (e.innerText || e.value || '').trim() + ' ' + labels + ' ' + (e.getAttribute('aria-label') || '') + ' ' + (e.title || '');
				const r = e.tagName === 'OPTION' && e.parentElement ? e.parentElement.getBoundingClientRect() : e.getBoundingClientRect();
				controls.push({kind: e.tagName.toLowerCase(), text: text.replace(/\s+/g, ' ').trim().slice(0, 200), box: box(r), shown: r.width > 0 && r.height > 0 && style(e).visibility === 'visible'});
			}
			const list = media();
			if (chosen) for (const m of list) m.chosen = !!m.e.closest(chosen);
			const page = document.documentElement;
			return {title: document.title.slice(0, 300), address: location.href, texts, links, controls,
				media: list.map(({e, ...m}) => m), size: {width: Math.max(page.scrollWidth, innerWidth), height: Math.max(page.scrollHeight, innerHeight)},
				window: {width: innerWidth, height: innerHeight}, frames: document.querySelectorAll('iframe,frame,object,embed').length,
				drawn: document.querySelectorAll('canvas').length, cut};
		},
		// Moves a text into the middle of the window, stops what moves, and says where its lines are.
		async show(index) {
			for (const a of document.getAnimations ? document.getAnimations() : []) { try { a.pause(); } catch {} }
			const {range, nodes} = hits[index];
			const element = nodes[0].parentElement || nodes[0].parentNode.host;
			element.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
			await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
			return [...range.getClientRects()].slice(0, 20).map(r => ({x: r.left, y: r.top, width: r.width, height: r.height}));
		},
		async hide(index) {
			const h = hits[index];
			h.before = new Map();
			for (const n of h.nodes) {
				const e = n.parentElement || n.parentNode.host;
				if (!e || h.before.has(e)) continue;
				h.before.set(e, e.getAttribute('style'));
				for (const [name, value] of [['transition', 'none'], ['-webkit-text-fill-color', 'transparent'], ['text-shadow', 'none'], ['-webkit-text-stroke', '0 transparent'], ['text-decoration-color', 'transparent']])
					e.style.setProperty(name, value, 'important');
			}
			await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
		},
		async restore(index) {
			for (const [e, before] of hits[index].before) before === null ? e.removeAttribute('style') : e.setAttribute('style', before);
			await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
		},
	};
})();

/* ecma.c - see ecma.h. A recursive descent parser for the grammar of ECMA-262,
 * which writes its output as it reads. */
#include "schema/ecma.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"

#define LARGEST 100000
#define MOST_REPEATS 1000 /* RE2's, also for the product of nested counts */
#define DEEPEST 100
#define LAST_CODE_POINT 0x10FFFF
#define A_SET UINT32_MAX /* instead of a code point */
#define ENDLESS UINT32_MAX
#define NO_MEMORY "%s", ""
#define TOO_LARGE "the expression is too large: lower the counts, or write them as min_length and max_length"
#define SHOWN(name, len) (len) > 40 ? 3 : (int)(len), (len) > 40 ? "..." : (name) /* for %.*s */

struct parser {
	const char *from, *p, *end;
	FILE *out;
	char *text; /* the output, valid after a flush */
	size_t text_len;
	struct sl_buffer names; /* of groups: each as <name> */
	int depth;
	struct sl_regex_error *err;
};

/* Keeps the first error, and moves to the end of the pattern. */
__attribute__((format(printf, 3, 4)))
static uint32_t refuse(struct parser *p, const char *at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (p->err->at == 0) {
		vsnprintf(p->err->what, sizeof p->err->what, format, arguments);
		for (p->err->at = 1; at > p->from; at--)
			p->err->at += ((unsigned char)at[-1] & 0xC0) != 0x80;
	}
	va_end(arguments);
	p->p = p->end;
	return 0;
}

/* ---- characters ---- */

static bool at_any(const struct parser *p, const char *characters)
{
	return *p->p != '\0' && strchr(characters, *p->p) != NULL;
}

static bool next_is(const struct parser *p, const char *text)
{
	return strncmp(p->p, text, strlen(text)) == 0;
}

static bool take(struct parser *p, const char *text)
{
	bool is = next_is(p, text);
	p->p += is ? strlen(text) : 0;
	return is;
}

/* In UTF-8, or in WTF-8, in which a surrogate has three bytes. */
static uint32_t character(struct parser *p)
{
	size_t n = sl_utf8_length(p->p, (size_t)(p->end - p->p));
	if (p->p[0] == '\xED' && (p->p[1] & 0xE0) == 0xA0 && (p->p[2] & 0xC0) == 0x80)
		n = 3;
	if (n == 0)
		return refuse(p, p->p, "the expression is not valid UTF-8");
	uint32_t c = (unsigned char)*p->p++ & (n == 1 ? 0x7F : 0xFF >> (n + 1));
	while (--n > 0)
		c = c << 6 | ((unsigned char)*p->p++ & 0x3F);
	return c;
}

/* Returns how many digits it has read, at most `most`. A value beyond the last code point stays beyond it. */
static uint32_t number(struct parser *p, uint32_t base, uint32_t most, uint32_t *out)
{
	const char digits[] = "0123456789abcdef", *digit;
	uint32_t n = 0;
	for (*out = 0; n < most && (digit = memchr(digits, tolower((unsigned char)*p->p), base)) != NULL; n++, p->p++)
		if (*out <= LAST_CODE_POINT)
			*out = *out * base + (uint32_t)(digit - digits);
	return n;
}

static uint32_t unicode_escape(struct parser *p) /* after the u */
{
	const char *from = p->p;
	uint32_t c, low;
	if (take(p, "{"))
		return number(p, 16, ENDLESS, &c) > 0 && c <= LAST_CODE_POINT && take(p, "}") ? c :
		       refuse(p, from + 1, "\\u{...} takes a code point, up to 10FFFF");
	if (number(p, 16, 4, &c) < 4)
		return refuse(p, from, "\\u takes four hexadecimal digits");
	from = p->p; /* an escaped surrogate pair is one character */
	if (c >> 10 == 0xD800 >> 10 && take(p, "\\u") && number(p, 16, 4, &low) == 4 && low >> 10 == 0xDC00 >> 10)
		return 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
	p->p = from;
	return c;
}

static uint32_t refuse_escape(struct parser *p) /* after the backslash */
{
	const char *from = p->p;
	if (p->p == p->end)
		return refuse(p, from - 1, "a backslash at the end");
	if (isdigit((unsigned char)*from) || *from == 'k')
		return refuse(p, from - 1, "the back reference \\%c cannot be used: its matches are not a regular language", *from);
	character(p);
	return refuse(p, from - 1, "\\%.*s is not an escape of ECMA-262%s", (int)(p->p - from), from,
	              isalnum((unsigned char)*from) ? "" : ", here: leave out the backslash");
}

static uint32_t character_escape(struct parser *p, bool within) /* after the backslash */
{
	const char *from = p->p, *pair = "b\b--t\tn\nr\rv\vf\f^^$$\\\\..**++(())??[[]]{{}}||//";
	uint32_t c;
	for (pair += within ? 0 : 4; *pair != '\0'; pair += 2)
		if (*pair == *from)
			return p->p++, (uint32_t)pair[1];
	if (*from == 'c' && isalpha((unsigned char)from[1]))
		return p->p += 2, (uint32_t)from[1] & 0x1F;
	if (take(p, "0"))
		return isdigit((unsigned char)*p->p) ? refuse(p, from - 1, "an octal escape cannot be used: write \\xHH") : 0;
	if (take(p, "x"))
		return number(p, 16, 2, &c) == 2 ? c : refuse(p, from + 1, "\\x takes two hexadecimal digits");
	return take(p, "u") ? unicode_escape(p) : refuse_escape(p);
}

/* ---- sets of characters ---- */

/* What \p{...} can name: RE2's own name, then its aliases; each entry ends with a |. */
static const char categories[] =
	"C Other|Cc Control cntrl|Cf Format|Cn Unassigned|Co Private_Use|Cs Surrogate|L Letter|LC Cased_Letter|"
	"Ll Lowercase_Letter|Lm Modifier_Letter|Lo Other_Letter|Lt Titlecase_Letter|Lu Uppercase_Letter|"
	"M Mark Combining_Mark|Mc Spacing_Mark|Me Enclosing_Mark|Mn Nonspacing_Mark|N Number|Nd Decimal_Number digit|"
	"Nl Letter_Number|No Other_Number|P Punctuation punct|Pc Connector_Punctuation|Pd Dash_Punctuation|"
	"Pe Close_Punctuation|Pf Final_Punctuation|Pi Initial_Punctuation|Po Other_Punctuation|Ps Open_Punctuation|"
	"S Symbol|Sc Currency_Symbol|Sk Modifier_Symbol|Sm Math_Symbol|So Other_Symbol|Z Separator|Zl Line_Separator|"
	"Zp Paragraph_Separator|Zs Space_Separator|";

static const char scripts[] =
	"Adlam Adlm|Caucasian_Albanian Aghb|Ahom|Arabic Arab|Imperial_Aramaic Armi|Armenian Armn|Avestan Avst|"
	"Balinese Bali|Bamum Bamu|Bassa_Vah Bass|Batak Batk|Bengali Beng|Bhaiksuki Bhks|Bopomofo Bopo|Brahmi Brah|"
	"Braille Brai|Buginese Bugi|Buhid Buhd|Chakma Cakm|Canadian_Aboriginal Cans|Carian Cari|Cham|Cherokee Cher|"
	"Chorasmian Chrs|Coptic Copt Qaac|Cypro_Minoan Cpmn|Cypriot Cprt|Cyrillic Cyrl|Devanagari Deva|Dives_Akuru Diak|"
	"Dogra Dogr|Deseret Dsrt|Duployan Dupl|Egyptian_Hieroglyphs Egyp|Elbasan Elba|Elymaic Elym|Ethiopic Ethi|"
	"Georgian Geor|Glagolitic Glag|Gunjala_Gondi Gong|Masaram_Gondi Gonm|Gothic Goth|Grantha Gran|Greek Grek|"
	"Gujarati Gujr|Gurmukhi Guru|Hangul Hang|Han Hani|Hanunoo Hano|Hatran Hatr|Hebrew Hebr|Hiragana Hira|"
	"Anatolian_Hieroglyphs Hluw|Pahawh_Hmong Hmng|Nyiakeng_Puachue_Hmong Hmnp|Old_Hungarian Hung|Old_Italic Ital|"
	"Javanese Java|Kayah_Li Kali|Katakana Kana|Kharoshthi Khar|Khmer Khmr|Khojki Khoj|Khitan_Small_Script Kits|"
	"Kannada Knda|Kaithi Kthi|Tai_Tham Lana|Lao Laoo|Latin Latn|Lepcha Lepc|Limbu Limb|Linear_A Lina|Linear_B Linb|"
	"Lisu|Lycian Lyci|Lydian Lydi|Mahajani Mahj|Makasar Maka|Mandaic Mand|Manichaean Mani|Marchen Marc|"
	"Medefaidrin Medf|Mende_Kikakui Mend|Meroitic_Cursive Merc|Meroitic_Hieroglyphs Mero|Malayalam Mlym|Modi|"
	"Mongolian Mong|Mro Mroo|Meetei_Mayek Mtei|Multani Mult|Myanmar Mymr|Nandinagari Nand|Old_North_Arabian Narb|"
	"Nabataean Nbat|Newa|Nko Nkoo|Nushu Nshu|Ogham Ogam|Ol_Chiki Olck|Old_Turkic Orkh|Oriya Orya|Osage Osge|"
	"Osmanya Osma|Old_Uyghur Ougr|Palmyrene Palm|Pau_Cin_Hau Pauc|Old_Permic Perm|Phags_Pa Phag|"
	"Inscriptional_Pahlavi Phli|Psalter_Pahlavi Phlp|Phoenician Phnx|Miao Plrd|Inscriptional_Parthian Prti|"
	"Rejang Rjng|Hanifi_Rohingya Rohg|Runic Runr|Samaritan Samr|Old_South_Arabian Sarb|Saurashtra Saur|"
	"SignWriting Sgnw|Shavian Shaw|Sharada Shrd|Siddham Sidd|Khudawadi Sind|Sinhala Sinh|Sogdian Sogd|"
	"Old_Sogdian Sogo|Sora_Sompeng Sora|Soyombo Soyo|Sundanese Sund|Syloti_Nagri Sylo|Syriac Syrc|Tagbanwa Tagb|"
	"Takri Takr|Tai_Le Tale|New_Tai_Lue Talu|Tamil Taml|Tangut Tang|Tai_Viet Tavt|Telugu Telu|Tifinagh Tfng|"
	"Tagalog Tglg|Thaana Thaa|Thai|Tibetan Tibt|Tirhuta Tirh|Tangsa Tnsa|Toto|Ugaritic Ugar|Vai Vaii|Vithkuqi Vith|"
	"Warang_Citi Wara|Wancho Wcho|Old_Persian Xpeo|Cuneiform Xsux|Yezidi Yezi|Yi Yiii|Zanabazar_Square Zanb|"
	"Inherited Zinh Qaai|Common Zyyy|";

#define KNOWN "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}"

/* Sets that RE2 does not have under these names, as the inside of brackets: the set and
 * its complement, or NULL if RE2 cannot express it. RE2's own C does not include Cn. */
static const struct special {
	const char *name, *texts[2];
} specials[] = {
	{ "ASCII|", { "\\x00-\\x7F", "\\x80-\\x{10FFFF}" } },
	{ "Assigned|", { "\\p{C}" KNOWN, NULL } },
	{ "C ", { NULL, KNOWN } },
	{ "Cn ", { NULL, "\\p{C}" KNOWN } },
	{ "LC ", { "\\p{Lu}\\p{Ll}\\p{Lt}", NULL } },
	{ "d|", { "\\d", "\\D" } },
	{ "s|", { "\\t-\\r\\x{20}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}",
	          "\\x00-\\x08\\x0E-\\x1F!-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}\\x{200B}-\\x{2027}"
	          "\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{FEFE}\\x{FF00}-\\x{10FFFF}" } },
	{ "w|", { "\\w", "\\W" } },
	{ "", { NULL, NULL } }, /* RE2's own */
};

/* The first name of the entry that has this one, or NULL. */
static const char *find(const char *list, const char *name, const char *end)
{
	const char *first = list;
	for (size_t n; *list != '\0'; list += n + 1) {
		n = strcspn(list, " |");
		if (n == (size_t)(end - name) && memcmp(list, name, n) == 0)
			return first;
		first = list[n] == '|' ? list + n + 1 : first;
	}
	return NULL;
}

/* RE2's name of it, followed by the rest of the list. */
static const char *property(struct parser *p) /* after the p */
{
	const char *escape = p->p - 2, *name = p->p + 1, *close = strchr(p->p, '}'), *found;
	if (!take(p, "{") || close == NULL)
		return refuse(p, escape, "\\%c takes a property in braces, such as \\%c{Letter}", escape[1], escape[1]), "";
	if (take(p, "Script=") || take(p, "sc="))
		found = find(scripts, p->p, close);
	else if (take(p, "General_Category=") || take(p, "gc="))
		found = find(categories, p->p, close);
	else if ((found = find(categories, name, close)) == NULL)
		found = find("Any|ASCII|Assigned|", name, close);
	if (found == NULL)
		return refuse(p, escape, "\\%c{%.*s} cannot be used: general categories (\\p{Letter}), scripts "
		              "(\\p{Script=Greek}), Any, ASCII and Assigned can", escape[1], SHOWN(name, close - name)), "";
	p->p = close + 1;
	return found;
}

/* After the backslash. `within`: inside open brackets; `inverted`: write the complement. */
static uint32_t set_escape(struct parser *p, bool within, bool inverted)
{
	const char *from = p->p++ - 1, letter[] = { (char)tolower(from[1]), '|', '\0' };
	const char *name = *letter == 'p' ? property(p) : letter;
	bool negated = (from[1] != *letter) != inverted;
	const struct special *s = specials;
	while (strncmp(s->name, name, strlen(s->name)) != 0)
		s++;
	const char *text = s->texts[negated], *opposite = s->texts[!negated];
	if (*s->name == '\0')
		fprintf(p->out, "\\%c{%.*s}", negated ? 'P' : 'p', (int)strcspn(name, " |"), name);
	else if (within && text == NULL)
		refuse(p, from, "%.*s cannot be used in brackets with others: name its parts, such as \\p{Cc} for \\p{C}",
		       (int)(p->p - from), from);
	else
		fprintf(p->out, within ? "%s" : text != NULL ? "[%s]" : "[^%s]", text != NULL ? text : opposite);
	return A_SET;
}

static uint32_t one(struct parser *p, bool within) /* A_SET: a set, already written */
{
	if (!take(p, "\\"))
		return character(p);
	return at_any(p, "dDwWsSpP") ? set_escape(p, within, false) : character_escape(p, within);
}

/* A character or a set, or a range of characters. */
static void members(struct parser *p)
{
	const char *from = p->p;
	uint32_t low = one(p, true), high = low;
	if (p->end - p->p > 1 && *p->p == '-' && p->p[1] != ']') {
		p->p++;
		high = one(p, true);
		if (high == A_SET || high < low)
			refuse(p, from, "a range goes from a character to a later one: a-z");
	}
	if (low != A_SET)
		fprintf(p->out, "\\x{%X}-\\x{%X}", low, high);
}

/* [^\p{C}]: a property alone, which RE2 takes without brackets. */
static bool only_property(struct parser *p, bool negated)
{
	const char *close = next_is(p, "\\p{") || next_is(p, "\\P{") ? strchr(p->p, '}') : NULL;
	if (close == NULL || close[1] != ']')
		return false;
	p->p++;
	set_escape(p, false, negated);
	return take(p, "]");
}

static void brackets(struct parser *p) /* after the [ */
{
	bool negated = take(p, "^"), empty = next_is(p, "]");
	if (only_property(p, negated))
		return;
	fprintf(p->out, "[%s%s", negated != empty ? "^" : "", empty ? "\\x00-\\x{10FFFF}" : "");
	while (p->p < p->end && *p->p != ']')
		members(p);
	fputs("]", p->out);
	if (!take(p, "]"))
		refuse(p, p->p, "a [ without a ]");
}

/* ---- the grammar ---- */

/* {n} {n,} {n,m}, after the {. */
static void braces(struct parser *p, uint32_t *min, uint32_t *max)
{
	const char *from = p->p - 1;
	bool counted = number(p, 10, ENDLESS, min) > 0;
	*max = *min;
	if (counted && take(p, ",") && number(p, 10, ENDLESS, max) == 0)
		*max = ENDLESS;
	if (!counted || !take(p, "}"))
		refuse(p, from, "a { without numbers and a }: write \\{ for the character");
	else if (*max < *min)
		refuse(p, from, "the numbers of a quantifier are out of order");
}

/* Repeat what was written from `from` on, with no count above `most`: x{2500}
 * as x{1000}x{1000}x{500}, x{0,1500} as (?:x{500})?x{0,1000}. */
static void repeat(struct parser *p, long from, uint32_t most, uint32_t min, uint32_t max)
{
	uint32_t more = max == ENDLESS ? 0 : max - min, n;
	char *piece = fflush(p->out) == 0 ? strndup(p->text + from, p->text_len - (size_t)from) : NULL;
	if (piece == NULL) {
		refuse(p, p->p, NO_MEMORY);
		return;
	}
	fseek(p->out, from, SEEK_SET);
	for (; min > most; min -= most)
		fprintf(p->out, "%s{%u}", piece, most);
	if (min > 0 || more == 0)
		fprintf(p->out, max == ENDLESS ? "%s{%u,}" : "%s{%u}", piece, min);
	for (; more > most; more -= n)
		fprintf(p->out, "(?:%s{%u})?", piece, n = more - most < most ? more - most : most);
	if (more > 0)
		fprintf(p->out, "%s{0,%u}", piece, more);
	free(piece);
}

/* The quantifier of a piece, if there is one. The size of a piece (its characters, classes
 * and groups with its counts expanded) also bounds the product of its counts. */
static void quantify(struct parser *p, long from, uint32_t *size)
{
	const char *at = p->p;
	if (!at_any(p, "*+?{"))
		return;
	uint32_t min = *p->p == '+', max = *p->p == '?' ? 1 : ENDLESS;
	if (*p->p++ == '{')
		braces(p, &min, &max);
	take(p, "?"); /* lazy */
	uint32_t times = max == ENDLESS ? min : max;
	if (times > LARGEST / *size)
		refuse(p, at, TOO_LARGE);
	if (p->err->at == 0)
		repeat(p, from, *size < MOST_REPEATS ? MOST_REPEATS / *size : 1, min, max);
	*size *= times > 0 ? times : 1;
}

static void alternatives(struct parser *p, uint32_t *size);

static void group_name(struct parser *p) /* after the < */
{
	const char *name = p->p;
	while (isalnum((unsigned char)*p->p) || at_any(p, "_$") || *p->p & 0x80)
		p->p++;
	size_t len = (size_t)(p->p - name);
	if (len == 0 || isdigit((unsigned char)*name) || !take(p, ">"))
		refuse(p, name, "expected a group's name in < >: letters, digits, _ and $, without a digit first");
	else if (p->names.end > 0 && memmem(p->names.bytes, p->names.end, name - 1, len + 2) != NULL)
		refuse(p, name, "two groups are named %.*s", SHOWN(name, len));
	else if (sl_buffer_append(&p->names, name - 1, len + 2) != 0)
		refuse(p, name, NO_MEMORY);
}

static void group(struct parser *p, uint32_t *size) /* after the ( */
{
	const char *from = p->p - 1;
	bool behind = next_is(p, "?<=") || next_is(p, "?<!");
	if (behind || next_is(p, "?=") || next_is(p, "?!"))
		refuse(p, from, "%s cannot be used, like all look-around: write what may occur there",
		       behind ? "lookbehind" : "lookahead");
	else if (take(p, "?<"))
		group_name(p);
	else if (!take(p, "?:") && next_is(p, "?"))
		refuse(p, from, "a group begins with ( or (?: or (?<name>");
	if (++p->depth > DEEPEST)
		refuse(p, from, "groups are nested too deeply: at most %d", DEEPEST);
	fputs("(?:", p->out);
	alternatives(p, size);
	fputs(")", p->out);
	p->depth--;
	if (!take(p, ")"))
		refuse(p, p->p, "a ( without a )");
}

static void atom(struct parser *p, uint32_t *size)
{
	uint32_t c = A_SET;
	if (at_any(p, "*+?{"))
		refuse(p, p->p, "there is nothing to repeat: write \\%c for the character", *p->p);
	else if (at_any(p, "]}"))
		refuse(p, p->p, "an unmatched bracket: write \\%c for the character", *p->p);
	else if (take(p, "("))
		group(p, size);
	else if (take(p, "["))
		brackets(p);
	else if (take(p, "."))
		fputs("[^\\n\\r\\x{2028}\\x{2029}]", p->out);
	else if ((c = one(p, false)) != A_SET)
		fprintf(p->out, "\\x{%X}", c);
}

static void alternatives(struct parser *p, uint32_t *size)
{
	while (p->p < p->end && *p->p != ')') {
		const char *at = p->p;
		long from = ftell(p->out);
		uint32_t piece = 1;
		if (take(p, "|") || take(p, "^") || take(p, "$") || take(p, "\\b") || take(p, "\\B")) {
			fwrite(at, 1, (size_t)(p->p - at), p->out); /* the same in RE2 */
		} else {
			atom(p, &piece);
			quantify(p, from, &piece);
		}
		*size += piece;
		if (*size > LARGEST)
			refuse(p, p->p, TOO_LARGE);
	}
}

/* With \B, RE2 may begin a match inside a character: a prefix then makes it consume
 * whole characters. An escaped backslash before a B also adds the prefix. */
char *sl_ecma_to_re2(const char *pattern, size_t len, struct sl_regex_error *err)
{
	struct parser p = { .from = pattern, .p = pattern, .end = pattern + len, .err = err };
	*err = (struct sl_regex_error){ "", 0 };
	if ((p.out = open_memstream(&p.text, &p.text_len)) == NULL)
		return NULL;
	fputs(memmem(pattern, len, "\\B", 2) != NULL ? "^(?s:.)*(?:" : "(?:", p.out);
	alternatives(&p, &(uint32_t){ 1 });
	if (p.p < p.end)
		refuse(&p, p.p, "a ) without a (: write \\) for the character");
	fputs(")", p.out);
	if ((ferror(p.out) | fclose(p.out)) != 0)
		refuse(&p, p.p, NO_MEMORY);
	sl_buffer_clear(&p.names);
	if (err->at == 0)
		return p.text;
	free(p.text);
	return NULL;
}

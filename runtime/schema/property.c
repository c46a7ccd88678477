/* property.c - see property.h. Names are listed as Unicode spells them. */
#include "schema/property.h"

#include <stdio.h>
#include <string.h>

/* Each with its other names, RE2's own first; a | behind each. */
static const char categories[] =
	"Cc Control cntrl|Cf Format|Co Private_Use|Cs Surrogate|L Letter|Ll Lowercase_Letter|"
	"Lm Modifier_Letter|Lo Other_Letter|Lt Titlecase_Letter|Lu Uppercase_Letter|M Mark Combining_Mark|"
	"Mc Spacing_Mark|Me Enclosing_Mark|Mn Nonspacing_Mark|N Number|Nd Decimal_Number digit|"
	"Nl Letter_Number|No Other_Number|P Punctuation punct|Pc Connector_Punctuation|Pd Dash_Punctuation|"
	"Pe Close_Punctuation|Pf Final_Punctuation|Pi Initial_Punctuation|Po Other_Punctuation|"
	"Ps Open_Punctuation|S Symbol|Sc Currency_Symbol|Sk Modifier_Symbol|Sm Math_Symbol|So Other_Symbol|"
	"Z Separator|Zl Line_Separator|Zp Paragraph_Separator|Zs Space_Separator|";

static const char scripts[] =
	"Adlam Adlm|Caucasian_Albanian Aghb|Ahom|Arabic Arab|Imperial_Aramaic Armi|Armenian Armn|"
	"Avestan Avst|Balinese Bali|Bamum Bamu|Bassa_Vah Bass|Batak Batk|Bengali Beng|Bhaiksuki Bhks|"
	"Bopomofo Bopo|Brahmi Brah|Braille Brai|Buginese Bugi|Buhid Buhd|Chakma Cakm|"
	"Canadian_Aboriginal Cans|Carian Cari|Cham|Cherokee Cher|Chorasmian Chrs|Coptic Copt Qaac|"
	"Cypro_Minoan Cpmn|Cypriot Cprt|Cyrillic Cyrl|Devanagari Deva|Dives_Akuru Diak|Dogra Dogr|"
	"Deseret Dsrt|Duployan Dupl|Egyptian_Hieroglyphs Egyp|Elbasan Elba|Elymaic Elym|Ethiopic Ethi|"
	"Georgian Geor|Glagolitic Glag|Gunjala_Gondi Gong|Masaram_Gondi Gonm|Gothic Goth|Grantha Gran|"
	"Greek Grek|Gujarati Gujr|Gurmukhi Guru|Hangul Hang|Han Hani|Hanunoo Hano|Hatran Hatr|Hebrew Hebr|"
	"Hiragana Hira|Anatolian_Hieroglyphs Hluw|Pahawh_Hmong Hmng|Nyiakeng_Puachue_Hmong Hmnp|"
	"Old_Hungarian Hung|Old_Italic Ital|Javanese Java|Kayah_Li Kali|Katakana Kana|Kharoshthi Khar|"
	"Khmer Khmr|Khojki Khoj|Khitan_Small_Script Kits|Kannada Knda|Kaithi Kthi|Tai_Tham Lana|Lao Laoo|"
	"Latin Latn|Lepcha Lepc|Limbu Limb|Linear_A Lina|Linear_B Linb|Lisu|Lycian Lyci|Lydian Lydi|"
	"Mahajani Mahj|Makasar Maka|Mandaic Mand|Manichaean Mani|Marchen Marc|Medefaidrin Medf|"
	"Mende_Kikakui Mend|Meroitic_Cursive Merc|Meroitic_Hieroglyphs Mero|Malayalam Mlym|Modi|"
	"Mongolian Mong|Mro Mroo|Meetei_Mayek Mtei|Multani Mult|Myanmar Mymr|Nandinagari Nand|"
	"Old_North_Arabian Narb|Nabataean Nbat|Newa|Nko Nkoo|Nushu Nshu|Ogham Ogam|Ol_Chiki Olck|"
	"Old_Turkic Orkh|Oriya Orya|Osage Osge|Osmanya Osma|Old_Uyghur Ougr|Palmyrene Palm|Pau_Cin_Hau Pauc|"
	"Old_Permic Perm|Phags_Pa Phag|Inscriptional_Pahlavi Phli|Psalter_Pahlavi Phlp|Phoenician Phnx|"
	"Miao Plrd|Inscriptional_Parthian Prti|Rejang Rjng|Hanifi_Rohingya Rohg|Runic Runr|Samaritan Samr|"
	"Old_South_Arabian Sarb|Saurashtra Saur|SignWriting Sgnw|Shavian Shaw|Sharada Shrd|Siddham Sidd|"
	"Khudawadi Sind|Sinhala Sinh|Sogdian Sogd|Old_Sogdian Sogo|Sora_Sompeng Sora|Soyombo Soyo|"
	"Sundanese Sund|Syloti_Nagri Sylo|Syriac Syrc|Tagbanwa Tagb|Takri Takr|Tai_Le Tale|New_Tai_Lue Talu|"
	"Tamil Taml|Tangut Tang|Tai_Viet Tavt|Telugu Telu|Tifinagh Tfng|Tagalog Tglg|Thaana Thaa|Thai|"
	"Tibetan Tibt|Tirhuta Tirh|Tangsa Tnsa|Toto|Ugaritic Ugar|Vai Vaii|Vithkuqi Vith|Warang_Citi Wara|"
	"Wancho Wcho|Old_Persian Xpeo|Cuneiform Xsux|Yezidi Yezi|Yi Yiii|Zanabazar_Square Zanb|"
	"Inherited Zinh Qaai|Common Zyyy|";

/* What RE2 has under no name: its C does not have what is not assigned. */
#define KNOWN "\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Z}"

static const struct special {
	const char *names, *members, *others;
} specials[] = {
	{ "Any|", "\\x00-\\x{10FFFF}", "" },
	{ "ASCII|", "\\x00-\\x7F", "\\x80-\\x{10FFFF}" },
	{ "Assigned|", "\\p{C}" KNOWN, "" },
};

/* These are categories, too. */
static const struct special special_categories[] = {
	{ "C Other|", "", KNOWN },
	{ "Cn Unassigned|", "", "\\p{C}" KNOWN },
	{ "LC Cased_Letter|", "\\p{Lu}\\p{Ll}\\p{Lt}", "" },
};

/* The first name of the entry that has this one, or NULL. */
static const char *find(const char *list, const char *name, size_t len)
{
	while (*list != '\0') {
		const char *first = list;
		for (size_t n; *list != '|'; list += n + (list[n] == ' ')) {
			n = strcspn(list, " |");
			if (n == len && memcmp(list, name, n) == 0)
				return first;
		}
		list++;
	}
	return NULL;
}

static bool find_listed(const char *list, const char *name, size_t len, struct sl_set *set)
{
	const char *own = find(list, name, len);
	if (own == NULL)
		return false;
	int n = (int)strcspn(own, " |");
	snprintf(set->members, sizeof set->members, "\\p{%.*s}", n, own);
	snprintf(set->others, sizeof set->others, "\\P{%.*s}", n, own);
	return true;
}

static bool find_special(const struct special *s, size_t count, const char *name, size_t len,
                         struct sl_set *set)
{
	for (; count > 0; s++, count--) {
		if (find(s->names, name, len) == NULL)
			continue;
		snprintf(set->members, sizeof set->members, "%s", s->members);
		snprintf(set->others, sizeof set->others, "%s", s->others);
		return true;
	}
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool find_category(const char *name, size_t len, struct sl_set *set)
{
	return find_listed(categories, name, len, set) ||
	       find_special(special_categories, COUNT(special_categories), name, len, set);
}

bool sl_property_find(const char *text, size_t len, struct sl_set *set)
{
	const char *equals = memchr(text, '=', len);
	if (equals == NULL)
		return find_category(text, len, set) ||
		       find_special(specials, COUNT(specials), text, len, set);
	const char *value = equals + 1;
	size_t key = (size_t)(equals - text), n = len - key - 1;
	if (find("General_Category gc|", text, key) != NULL)
		return find_category(value, n, set);
	return find("Script sc|", text, key) != NULL && find_listed(scripts, value, n, set);
}

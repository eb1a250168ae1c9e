"""What chairs write, in English and Korean, as expressions for text in lower case with single blanks.

`final comments`, `once approved` and `closed vehicle spaces` end no agenda; `30 minutes` are no minutes.
"""

import re
from typing import Final

from domain.correspondence.phrases import Phrases

_ENDED: Final = r"(?:approved|completed|closed|adopted|concluded|finali[sz]ed)"
_ENDED_WORDS: Final = "approved,completed,closed,adopted,concluded,finali"
_ENDED_IN_KOREAN: Final = r"(?:종료|완료|승인|채택|확정|종결)"
_ENDED_WORDS_IN_KOREAN: Final = "종료,완료,승인,채택,확정,종결"
ENDED: Final = Phrases.of(_ENDED_WORDS, (rf"{_ENDED}\b",))
_ADVERBS: Final = (
    r"(?:now|hereby|thus|therefore|also|finally|formally|unanimously|thereby|considered|deemed|regarded|as|fully"
    r"|already|officially|subsequently|successfully|all|both|been)"
)
_MATTERS: Final = (
    r"(?:agendas?|items?|matters?|works?|tasks?|discussions?|consultations?|texts?|interpretations?|uis?|urs?"
    r"|requirements?|recommendations?|proposals?|drafts?|documents?|papers?|procedur(?:e|al)s?|subjects?|revisions?"
    r"|versions?|changes|positions?|submissions?|this|it|they|[a-z-]{2,12} ?[0-9]{5,6}[a-z]?)"
)
IS: Final = re.compile(
    rf"\b{_MATTERS}\b.*\b(?:is|are|was|were|been|stands?|considered|declared|hereby) (?:{_ADVERBS} ){{0,4}}$"
    rf"|\b(?:agenda|item|matter|work|task|discussion|consultation|text)s? (?:{_ADVERBS} ){{0,2}}$"
    rf"|\b(?:panel|members|societies|all|everybody|gpg|council|we|i) (?:(?:has|have) )?(?:{_ADVERBS} ){{0,2}}$"
)
"""What stands before ENDED where it says of the agenda, or of what it was about, that it is settled."""
UNSETTLED: Final = re.compile(
    rf"\bafter (?:the |this |an? )?{_MATTERS}\b"
    r"|\b(?:not|never|if|once|when|whether|until|till|unless|before|subject to|provided|should|would|may|might|can"
    r"|could|will|shall|be|cannot|expected|which|imo|msc|mepc|solas|marpol|resolutions?|amendments|circulars?"
    r"|conventions?|sub-?committee|assembly|flag|administrations?)\b"
    r"|n['\u2019]t\b"
)
"""What is denied, still to come, depends on something, or is about what others do."""
CONDITION: Final = re.compile(r"\W{0,3}(?:and |but |or )?(?:if|unless|once|when|should|provided|in case|as soon as)\b")
"""How a sentence begins all of which depends on something."""
LONG_AGO: Final = re.compile(r" (?:by (?:the )?(?:imo|msc|mepc)\b|by resolution|in (?:19|20)[0-9]{2}\b)")
CLOSING: Final = Phrases.of(
    f"{_ENDED_WORDS},closes,closing,close of,now,hereby,{_ENDED_WORDS_IN_KOREAN}",
    (
        rf"^(?:now |hereby )?{_ENDED}\b(?=\W*$|[.,;:!]| -)",
        r"clos(?:es|ed|ing|e of) (?:this|the) (?:agenda|item|matter|discussion)",
        rf"{_ENDED_IN_KOREAN}\s?(?:\({_ENDED}\))?\s?(?:되었|됐|됨|하였|했|함을|합니다|되어 알|처리)",
    ),
)

_NOT_FINAL: Final = (
    r"(?:comments?|repl(?:y|ies)|responses?|reviews?|rounds?|reminders?|calls?|deadlines?|dates?|days?|chances?"
    r"|opportunity|checks?|reading|questions?|consideration|stages?|steps?|phases?|input|feedback|views?|drafts?"
    r"|approval|agreement|acceptance|answers?|remarks?|confirmation|vote|voting|proposals?|extension|notice)"
)
_NOT_YET: Final = (
    r"(?<!not )(?<!no )(?<!semi-)(?<!before )(?<!until )(?<!before the )(?<!until the )(?<!prior to )(?<!prior to the )"
)
FINAL: Final = Phrases.of(
    "final,approved,adopted,agreed,최종",
    (
        rf"{_NOT_YET}final\b(?!(?: and last| &)? ?{_NOT_FINAL}\b)",
        (
            r"(?<!type )(?<!be )(?<!not )(?:approved|adopted|agreed|finali[sz]ed) "
            r"(?:texts?|uis?|urs?|versions?|interpretations?|requirements?|recommendations?|revisions?|procedures?)\b"
        ),
        r"최종(?!\s*(?:의견|검토|회신|답변|기한|마감|확인|안내|독촉|초안|단계|협의|점검|제출|기회|요청))",
    ),
)
ENDED_HEADLINES: Final = Phrases.of(
    f"{_ENDED_WORDS},{_ENDED_WORDS_IN_KOREAN}",
    (
        (
            r"(?<!not )(?<!not yet )(?<!to be )(?<!if )(?<!once )(?<!when )(?<!until )(?<!type )(?<!type-)(?<!be )"
            rf"{_ENDED}\b(?!-| (?:vehicle|ro-?ro|spaces?|loops?|containers?|cargo|hatch|type|compartments?|circuits?"
            r"|cells?|systems?|decks?|drawings?|plans?|manuals?|loading|forms?|questionnaires?|tables?|templates?"
            r"|sheets?|resolutions?|by (?:the )?(?:imo|msc|mepc|class|flag)|in (?:19|20)[0-9]{2})\b)"
        ),
        rf"{_ENDED_IN_KOREAN}(?!\s*(?:예정|요청|여부|되면|전|후|시|조건|기준|절차|선박|도면|하지|되지|을|를))",
    ),
)

_NEED: Final = r"(?:needed|required|necessary|requested|expected|asked)"
_ANSWER: Final = r"(?:repl(?:y|ies)|responses?|answers?|actions?|comments?|feedback)"
_ANSWERS: Final = "repl,respon,answer,action,comment,feedback"
_DOING: Final = r"(?:reply|respond|answer|comment)"
NO_REPLY: Final = Phrases.of(
    f"no ,no-,without,need not,have not,do not,does not,{_ANSWERS},회신",
    (
        (
            rf"(?:no|without)[ -](?:further )?{_ANSWER}(?: (?:or|and|nor) {_ANSWER})?\b"
            r"(?! (?:(?:has|have|was|were|is|are)(?: been)? )?(?:received|come|reached|arrived|given|made)"
            r"| from| by| within| yet| so far| until| has| have)"
        ),
        rf"no need (?:to {_DOING}|(?:for|of) (?:an? |any )?{_ANSWER})\b",
        rf"(?:need|have) not {_DOING}\b|(?:do|does) not (?:need|have) to {_DOING}\b",
        rf"{_ANSWER} (?:is |are )?not {_NEED}",
        r"회신(?:은|이|을|하실)?\s*(?:필요(?:는|가)?\s*(?:하지\s*않|없)|불필요|불요|하지\s*않으셔도)|회신\s*불필?요",
    ),
)
INFORMATION: Final = Phrases.of(
    "for ,minutes,report,회의록,보고서,결과,참고용,정보,단순",
    (
        (
            r"(?<!not )for (?:your |members' |the panel's )?(?:kind )?(?:information|info)\b"
            r"(?! (?:on|about|regarding|concerning|please (?:contact|see|visit|refer)|sharing|exchange)\b)"
        ),
        (
            r"(?<![0-9] )(?<!few )(?<!several )(?<!within )(?<!some )minutes\b"
            r"(?! (?:before|after|per|later|ago|of (?:exposure|fire))\b)"
        ),
        (
            r"(?<!to )(?<!please )(?<!must )(?<!shall )(?<!should )(?<!will )(?<!members )(?<!survey )(?<!test )"
            r"(?<!inspection )reports?\b(?! (?:to|back|whether|any|on whether|your|their|by)\b)"
        ),
        r"회의록|보고서|결과\s*보고|참고용|정보\s*공유|단순\s*공유",
    ),
)

FYI: Final = Phrases.of("fyi", (r"fyi\b",))
"""Informs where it does not introduce what is passed on."""

_WHO: Final = r"(?:members?|you|societies|all|everybody|everyone|colleagues|those)"
_DO: Final = (
    r"(?:comment|consider|provide|reply|respond|review|state|give|submit|send|share|express|indicate|let|examine|advise"
    r"|vote|answer|return|do so)"
)
_WHAT: Final = r"(?:comments?|repl(?:y|ies)|responses?|views?|answers?|feedback|input|opinions?|votes?)"
ASKING: Final = Phrases.of(
    "member,you,societies,all,everybody,everyone,colleagues,those,please,comment,repl,response,view,answer,feedback"
    ",input,opinion,vote,deadline,for ,의견,회신,제출,검토",
    (
        (
            rf"{_WHO} (?:\w+ ){{0,5}}?(?:are|is) (?:\w+ ){{0,2}}?(?:asked|invited|requested|encouraged|urged)"
            rf" (?:again )?(?:to (?:\w+ ){{0,2}}?{_DO}|for)\b"
        ),
        (
            r"please (?:\w+ ){0,2}?"
            r"(?:comment|provide|reply|respond|submit|send|share|state|indicate|consider|give|advise|vote)\b"
        ),
        r"please let (?:me|us|the \w+) have\b",
        (
            rf"(?<!no )(?<!no further ){_WHAT} (?:\w+ ){{0,4}}?(?:are|is) (?:\w+ ){{0,2}}?"
            r"(?:requested|invited|sought|welcome|expected|awaited|due)\b"
        ),
        rf"{_WHAT} (?:\w+ ){{0,3}}?(?:by|before|until|no later than|not later than|on or before) (?=[a-z]* ?[0-9])",
        r"(?<!no )deadline\b(?! (?:has|had|was|is over|expired|passed))",
        rf"(?<!thank you )(?<!thanks )(?<!you all )(?<!grateful )for (?:your |members' )?{_WHAT}\b",
        r"의견(?:을|은)?\s*(?:주시|주십|요청|제출하|제출해|회신|보내|부탁)|(?:회신|제출)\s*기한",
        r"회신(?:을|하여|해)?\s*(?:주시|주십|부탁|바랍|요청)|검토(?:하시고|하여\s*주|해\s*주|\s*바랍|\s*부탁|\s*요청)",
    ),
)

_GATHERED: Final = (
    r"(?:comments?|responses?|repl(?:y|ies)|answers?|views?|text|tables?|proposals?|lists?|summary|inputs?|feedback"
    r"|documents?|positions?|results?|version)"
)
_ANSWERED: Final = r"(?:responded|replied|answered|commented)"
CONSOLIDATED: Final = Phrases.of(
    "consolidated,has ,have ,is ,are ,all ,의견,회신,답변",
    (
        rf"(?<!be )consolidated (?:\w+ ){{0,2}}?{_GATHERED}\b|^consolidated\b|consolidated$",
        r"(?:has|have|is|are) (?:now |all )?(?:been )?consolidated\b",
        rf"(?<!not )all (?:the )?(?:\w+ )?(?:members|societies) have (?:now |already )?{_ANSWERED}\b",
        rf"(?<!not )all {_WHAT} (?:have been |are |were )?received\b",
        r"(?:의견|회신|답변)(?:을|은|이)?\s*(?:모두\s*)?(?:취합|종합)(?!\s*(?:할|예정|하기|하고자|하겠|후|중))",
    ),
    hints="consolidated,members have,societies have,received,취합,종합",
)
REVIEW: Final = Phrases.of(
    "is ,are ,been ,now ,review,for ,under ,검토",
    (
        r"(?<!if )(?:is|are|been|now) (?:\w+ )?(?:under|in|at|put to|moved to) (?:the )?(?:final )?review\b",
        r"(?:is|are|been) (?:\w+ )?(?:circulated|submitted|sent|issued|presented|opened?) for (?:\w+ )?review\b",
        r"review (?:stage|phase|round|period)\b|^(?:for |under )?review\b|(?:for|under) (?:final |panel )?review$",
        r"검토\s*(?:단계|중(?:입|에|이)|회람)",
    ),
    hints="review,검토",
)
REMINDERS: Final = Phrases.of(
    "remind,not all,have not,has not,no reply,no response,no answer,outstanding,missing,overdue"
    ",아직,여태,미회신,회신,리마인,재차",
    (
        r"reminders?\b|remind(?:ed|ing)?\b|not all (?:the )?(?:members|societies)\b",
        r"(?:have|has) not (?:yet |so far |already )?(?:replied|responded|commented|answered|sent)\b",
        r"no (?:reply|response|answer) (?:has |have )?(?:been )?(?:received )?(?:so far|yet|from)\b",
        r"(?:outstanding|missing|overdue) (?:repl(?:y|ies)|responses?|comments?|answers?)\b",
        r"(?:아직|여태)\s*(?:\S+\s*){0,2}회신|미회신|회신\s*(?:독촉|재요청)|리마인[더드]|재차\s*(?:안내|요청)",
    ),
)

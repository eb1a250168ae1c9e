"""The words by which a date is known as a deadline, or as something else; all in lower case."""

import re
from typing import Final

from adapters.offline_text.calendar_words import WEEKDAY

_CLOSE: Final = (
    r"(?:the|your|our|close\sof\s(?:business|play)|c\.?o\.?b\.?|e\.?o\.?b\.?|e\.?o\.?d\.?|(?:the\s)?end\sof\s(?:the\s)?"
    r"(?:business\sday|working\sday|business|day)|business|noon|midnight|at|the\slatest|latest"
    r"|\d{1,2}[:.]\d{2}|\d{1,2}\s?(?:[ap]\.?m\.?|hrs|h|uhr)|[ap]\.?m\.?|hours|hrs|utc|gmt|cet|cest|kst|bst|jst|local\stime|london\stime"
    rf"|{WEEKDAY}|[\s:,;()|\-\u2013\u2014*_=]|no\slater\sthan|not\slater\sthan)"
)
_FILLER: Final = rf"(?=(?P<filler>(?:{_CLOSE}|on\b|the\b|of\b)*))(?P=filler)\Z"
_LABEL_FILLER: Final = rf"(?=(?P<filler>{_CLOSE}*))(?P=filler)\Z"
"""What may stand between such words and the date: as much as can be read is, once and for all, in linear time."""
_NOUN: Final = (
    r"(?:repl(?:y|ies)|responses?|comments?|feedback|answers?|views?|votes?|inputs?|remarks|opinions?|positions?|submissions?"
    r"|contributions?|nominations?|proposals?|confirmations?|approvals?|objections?)"
)

SIGN: Final = re.compile(
    r"\b(?:by|until|till|to|before|prior|later|latest|due|ahead|within|is|are|dead[\s-]?lines?|cut[\s-]?off|closing|dates?|limits?"
    r"|r\.?s\.?v\.?p|now|day)\b|[:=|]|까지|이전|전에|이내|내에|한으로|기한|마감|시한|기일|데드라인|연장|연기|변경",
    re.IGNORECASE,
)
"""One of these is near every deadline."""
LIMIT: Final = re.compile(
    r"\b(?:by|until|till|up\sto|no\slater\sthan|not\slater\sthan|on\sor\sbefore|at\sor\sbefore|before|prior\sto|latest"
    rf"|due|ahead\sof)\b{_FILLER}"
)
LABEL: Final = re.compile(
    r"\b(?:dead[\s-]?lines?|due\s?dates?|closing\sdates?|cut[\s-]?off(?:\s(?:date|time))?|time\slimits?|r\.?s\.?v\.?p\.?"
    r"|(?:target|return|response|reply)\sdates?|(?:latest|last)\s(?:date|day)|(?:dates?|time)\sfor\s(?:repl|respon|comment)\w*)\b"
    rf"(?:\s(?:of|on)\b|[^.!?;#]{{0,70}}?(?:\b(?:is|are|remains?|stays|ends|expires|falls|runs|will\sbe|to\sbe|shall\sbe|set|fixed|being)"
    r"(?:\s(?:still|now|set|fixed|therefore|thus))?(?:\s(?:on|for|at|to|until|till|by))?\b|\b(?:until|till|by)\b|[:=|\u2013\u2014]|\s-)"
    rf"|(?:\s?\([^()]{{1,30}}\))?(?:\s(?:for|to)\s(?:\w+\s){{0,3}}(?:{_NOUN}|reply|respond|comment))?){_LABEL_FILLER}"
)
REPLY_LABEL: Final = re.compile(
    rf"(?:\A|[:;,(\[\u2013\u2014/]|\s-)\W*(?:(?:your|all|any|further|final|written|early|their)\s){{0,2}}{_NOUN}(?:\s(?:are|is|to\sbe|if\sany|please|kindly))?"
    r",?\s(?:requested|required|expected|due|needed|wanted|invited|welcome)?,?\s?"
    rf"(?:by|until|before|due|no\slater\sthan|not\slater\sthan|on\sor\sbefore)\b{_FILLER}"
)
TO: Final = re.compile(rf"\b(?:to|until|till|by|is\snow|now|new\s(?:deadline|date)(?:\sis)?)\b{_FILLER}|[:=]\s?\Z")
DEADLINE: Final = re.compile(r"\bdead[\s-]?line|\bdue\sdate|\bclosing\sdate|\btime\slimit|기한|마감|시한|기일")
EXTENSION: Final = re.compile(
    r"\b(?:extend(?:ed|ing)?|extension|postponed?|prolong(?:ed)?|moved|shifted|put\soff|brought\sforward)\b"
    r"|\bnew\s(?:deadline|due\sdate|closing\sdate)|연장|연기|변경"
)
OVER: Final = re.compile(
    r"\b(?:has|had|have)\s(?:now\s|already\s)?(?:passed|expired|elapsed|lapsed)\b|\b(?:passed|expired|lapsed)\son\b"
    r"|\b(?:was|were)\s(?:due|on|the|set|missed|originally)\b"
    r"|\b(?:deadline|due\sdate|limit|date)\b[^.!?;#]{0,60}\b(?:was|were)\b|\b(?:original|previous|former|earlier|old)\s(?:deadline|due)"
    r"|지났|지난\s?기한|경과하|경과되|만료되|종료되었"
)
IS_DEADLINE: Final = re.compile(
    r"\W{0,3}(?:(?:is|as|being|remains|was\sset\sas)\s)?(?:the\s|a\s|our\s|your\s)?(?:final\s|reply\s|firm\s|last\s)?"
    r"(?:deadline|due\sdate|closing\sdate|last\sday|cut-?off)"
)
AT_THE_LATEST: Final = re.compile(r"\W{0,3}(?:at\s(?:the\s)?)?(?:very\s)?latest\b")
OTHER_PURPOSE: Final = re.compile(
    r"\bregist(?:er|ration)|\bbook(?:ing)?\b|\bhotel|\bpay(?:ment)?\b|\bvisa\b|\benrol|\babstracts?\b|\bearly[\s-]bird|\binvoice"
    r"|\bdeliver(?:y|ies)\b|\bapplications?\b(?!\sof)|\bfor\s(?:the\s)?(?:meeting|conference|seminar|webinar|compliance)"
    r"|\bimplement(?:ation|ed)?\b|\btickets?\b|등록|참가\s?신청|결제|납부|접수|예약"
)
REPLY: Final = re.compile(
    r"\b(?:repl(?:y|ies|ying)|respon(?:d|ds|se|ses|ding)|comment(?:s|ing)?|feedback|answer(?:s|ing)?|opinions?|views?|positions?"
    r"|remarks?|inputs?|votes?|voting|proposals?|objections?|agree(?:ment)?|approv(?:e|al|als)|confirm(?:ations?)?|consider"
    r"|consideration|review|inform|advise|let\s(?:me|us|the\s\w+)\s(?:\w+\s)?(?:know|have)|get\sback|come\sback|revert|hear(?:ing)?\sfrom"
    r"|submit|submissions?|send|sent|provide[d]?|return(?:ed)?|indicate|state|nominat(?:e|ions?)|contribut(?:e|ions?)"
    r"|complete|fill\sin|suggest(?:ions?)?|observations?|express|reach|questionnaires?|r\.?s\.?v\.?p)\b"
    r"|회신|의견|답변|답신|코멘트|피드백"
)
REQUEST: Final = re.compile(
    r"\b(?:please|pls|plz|kindly|request(?:ed|s|ing)?|invit(?:e|ed|es|ing|ation)|asked|ask|asks|should|must|appreciat\w*|grateful"
    r"|thankful|welcomed?|would\syou|could\syou|can\syou|will\syou|need(?:s|ed)?|required?|requires|expect(?:ed|s)?|look(?:ing)?\sforward"
    r"|to\sbe|remind(?:ed|er)?|urged?|encouraged?|are\sto|is\sto|due|sought|would\slike|wish|want(?:ed)?|calls?\sfor|await\w*|your|if\sany"
    r"|(?:could|would)\s(?:all\s|the\s)?members|hear(?:ing)?\sfrom\s(?:you|members)|absence|silence|have\s(?:time\s)?until|open|members\swill|societies\swill|you\swill|latest|not\slater|no\slater|on\sor\sbefore)\b"
)
SHORT_REQUEST: Final = re.compile(
    r"\W*(?:(?:re)?send|submit|provide|reply|respond|comment|confirm|return|revert|let|answer|advise|inform|complete|vote|get)\b"
)
"""An order: the clause begins with the verb."""
ADDRESSED: Final = re.compile(
    r"\b(?:appreciat\w*|grateful|thankful|welcome|would\slike\sto\s(?:have|hear|receive))\b|"
    r"\b(?:please|pls|kindly|you|your|members|societies|everyone|everybody|all)\b(?:(?!\bnote\b|\baware\b|\binformed\b|\band\swe\b).)*\Z"
    r"|\b(?:comments?|repl(?:y|ies)|responses?|answers?|votes?|feedback|inputs?)\b[^#]{0,40}"
    r"\b(?:should|must|requested|required|expected|welcome|invited|due|needed|wanted|to\sbe|is|are)\b"
)
OTHERS: Final = re.compile(
    r"\b(?:project\steam|pt|working\sgroup|task\sforce|correspondence\sgroup|secretariat|chair(?:man|person)?|flag\w*|administrations?"
    r"|shipyards?|yards?|owners?|makers?|manufacturers?|industry|imo|consultants?|contractor|he|she|they|it|i|we|team|group)\b"
    r"[^#]{0,30}\b(?:will|shall|'ll|is|are|was|were|has|have|plans?|intends?|aims?|expects?|hopes?|should|must|can|may|could)\b"
)
OWN: Final = re.compile(
    r"\b(?:i|we)(?:\s(?:will|shall|can|are\sgoing\sto|intend\sto|plan\sto|hope\sto|expect\sto|have|had)|['\u2019](?:ll|ve))?\s"
    r"(?:also\s|already\s|only\s|not\s)?"
    r"(?:repl(?:y|ied)|respond(?:ed)?|send|sent|submit(?:ted)?|provided?|receive[d]?|answer(?:ed)?|come\sback|came\sback|get\sback"
    r"|revert(?:ed)?|comment(?:ed)?|consider(?:ed)?|review(?:ed)?|inform(?:ed)?|let\syou\sknow|confirm(?:ed)?)\b"
)
"""What the writer does or did."""
PROMISE: Final = re.compile(r"\b(?:will|shall|'ll|intends?|plans?|going\sto|expects?\sto|hopes?\sto|aims?\sto|i|we)\b")
PAST: Final = re.compile(
    r"\b(?:was|were|had|received|replied|responded|did|has|have|sent|submitted|provided|confirmed)\b"
)
SUBCLAUSE: Final = re.compile(
    r"\b(?:that|which|who|while|whereas|because|since|although|though|so)\b|[;:]|,\s(?:and|but|as|the|we|i)\b|\bbut\b"
)
NO_REPLY: Final = re.compile(
    r"\b(?:no|not|without)\s(?:\w+\s){0,2}(?:repl(?:y|ies)|responses?|comments?|answers?|feedback)\b[^.#]{0,30}"
    r"\b(?:need(?:ed)?|necessary|required|received|expected)\b|\bneed\snot\b"
)
TACIT: Final = re.compile(
    r"\b(?:if|unless|in\scase)\b[^.#;]{0,40}\b(?:objections?|comments?|repl(?:y|ies)|responses?|answers?|feedback)\b"
    r"(?:(?!\bwere\b|\bwas\b)[^.#;]){0,30}\b(?:received|heard|raised|submitted|made)\b[^.#;,]{0,30}\Z"
)
"""Who says nothing until then agrees: that is a limit for replies as well."""
THANKED: Final = re.compile(r"\bthank(?:s|\syou)\b[^.!?;#]{0,60}\b(?:received|sent|submitted|provided)\s?\Z")
"""For what came until then."""

HANGUL: Final = re.compile(r"[가-힣]")
_TIME: Final = (
    r"(?:\s?(?:오전|오후|저녁|낮))?(?:\s?\d{1,2}(?::\d{2}|\s?시(?:\s?\d{1,2}\s?분|\s?반)?))?(?:\s?\([^()]{1,12}\))?"
    r"(?:\s?(?:정오|자정|업무\s?종료|업무시간|퇴근))?(?:\s?(?:전|중|내))?(?:으?로)?"
)
KOREAN_UNTIL: Final = re.compile(rf"{_TIME}\s?(?:까지|이전|전까지|전에|이내|한으로)")
KOREAN_LABEL: Final = re.compile(
    r"(?:\S{0,8}\s?\S{0,8}\s?)(?:기한|마감(?:\s?(?:일자?|기한|시한|시간))?|시한|기일|데드라인)(?:\s?\([^()]{0,12}\))?\s?(?:은|는|이|가|을|를)?"
    r"\s?[:=|\-\u2013~(]?[\s:(]{0,3}(?:늦어도\s)?\Z"
)
KOREAN_IS_DEADLINE: Final = re.compile(
    r"\s?(?:\([^()]{1,10}\))?(?:이|은|가|일)?\s?(?:\S{1,6}\s?){0,2}(?:기한|마감)(?!\s?(?:을|를|이)\s?\S*(?:연장|변경))"
)
KOREAN_TO: Final = re.compile(
    rf"{_TIME}\s?(?:까지)?\s?(?:로|으로|까지)\s?(?:\S{{1,6}}\s?){{0,2}}(?:연장|연기|변경)|{_TIME}\s?까지\s?(?:\S{{1,6}}\s?){{0,3}}(?:연장|연기)"
)
KOREAN_SURE_REPLY: Final = re.compile(r"회신|의견|답변|답신|피드백|코멘트|회답")
KOREAN_REPLY: Final = re.compile(
    r"회신|회답|의견|답변|답신|제출|검토|송부|제시|알려|통보|통지|피드백|코멘트|투표|동의|찬반|작성|보내|응답|입장|견해|확인|제안|추천"
)
KOREAN_REQUEST: Final = re.compile(
    r"바랍니다|바라며|바람|부탁|요청|주시|주십|주세요|요망|해\s?주|하여\s?주|하시기|당부|해야|받습니다|받고자|필요|기다리"
)
KOREAN_PROMISE: Final = re.compile(
    r"겠습니다|예정|계획|부재|휴가|개최|출장|드립니다|하였습니다|했습니다|합의|발효|완료"
)
KOREAN_OTHER_PURPOSE: Final = re.compile(r"등록|신청|결제|납부|접수|예약|참석\s?여부를\s?제외")

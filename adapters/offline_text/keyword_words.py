"""Words for keywords: those of the trade, which say most, and those that say nothing of what a mail is about."""

import re
from typing import Final

_SHORTEST_PLURAL: Final = 4
_TRADE: Final = """
    bulk carrier|container ship|general cargo ship|passenger ship|ro-ro|oil tanker|chemical tanker|gas carrier
    tanker|fishing vessel|high speed craft|offshore unit|floating production|autonomous ship|remote control
    remote inspection|remote survey|digital twin|hatch cover|hatch coaming|cargo hold|ballast tank|fuel tank
    cargo tank|machinery space|engine room|pump room|steering gear|mooring arrangement|mooring line
    anchoring equipment|watertight door|watertight cable transit|weathertight closing appliance|closing appliance
    air pipe|side shell|double bottom|bulkhead|superstructure|helicopter deck|deckhouse|propulsion shaft
    structural strength|structural requirement|scantling|longitudinal strength|hull girder|fatigue|buckling
    ultimate strength|corrosion|corrosion protection|corrosion addition|corrosion margin|coating|welding|steel plate
    brittle crack arrest|material|ice class|damage stability|intact stability|stability|load line|loading condition
    lashing|container securing|freeboard|tonnage|fire protection|fire safety|fire fighting|fire detection|escape
    evacuation analysis|life-saving appliance|means of access|alternative fuel|ammonia|methanol|hydrogen|bunkering
    fuel cell|battery installation|battery room|wind propulsion|shore power|emission|scrubber|ballast water
    noise level|vibration|energy efficiency|cyber resilience|cyber security|software|data exchange|survey
    periodical survey|condition assessment|type approval|certification|verification|acceptance criteria
    sample calculation|unified requirement|unified interpretation|procedural requirement|common structural rules
    load line convention|flag administration|existing ship|new ship|project team|interpretation|entry into force
"""
_KOREAN_TRADE: Final = """
    산적화물선|벌크선|컨테이너선|로로여객선|여객선|유조선|가스운반선|자율운항선박|창구덮개|화물창|평형수|탱크|기관실
    구조강도|종강도|피로강도|좌굴|부식|방식|도장|용접|강재|손상복원성|복원성|만재흘수선|고박|방화|소화|탈출|구명설비
    암모니아|메탄올|수소|연료전지|배터리|배터리설비|대체연료|원격검사|검사|통일규칙|통일해석|공통구조규칙|선급|규칙
    요건|기준|협약|소음|진동|사이버|해석|계류|소프트웨어
"""


def singular(word: str) -> str:
    """Return the word so that one and several of it are the same: `hatch covers`, `hatch cover`."""
    if not word.isascii() or len(word) < _SHORTEST_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


TRADE: Final = frozenset(" ".join(map(singular, term.split())) for term in re.split(r"[|\n]\s*", _TRADE.strip()))
"""In the singular, of at most three words."""
TRADE_STARTS: Final = frozenset(term.split()[0] for term in TRADE)
KOREAN_TRADE: Final = frozenset(re.split(r"[|\n]\s*", _KOREAN_TRADE.strip()))
INSTRUMENT: Final = re.compile(
    r"""
    \b(?:UR|UI|PR|GPG|CSR|Unified[ ](?:Requirement|Interpretation)s?)[ ]?(?:[A-Z]{1,3}[ ]?)?\d{1,3}[a-z]?
        (?:\.\d{1,3}){0,3}\b(?!-)
    |\bRec(?:\.|ommendation)?[ ]?\d{1,3}\b
    |\b(?:SOLAS|MARPOL|ICLL|STCW|HSC|FSS|LSA|FTP)
        (?:[ ](?:regulation[ ]|reg\.[ ]?|chapter[ ]|ch\.[ ]?|annex[ ])?[IVX]{1,5}(?:-\d)?(?:/[\d.-]{0,8}\d)?)?\b
    |\b(?:MSC|MEPC|FAL|SDC|SSE|CCC|HTW|III)(?:-MEPC)?
        (?:\.\d{1,4}(?:/Circ\.\d{1,5}|\(\d{1,3}\))|[ ]\d{2,3}(?:/\d{1,2}){1,3})(?:/Rev\.\d)?
    |\bA\.\d{3,4}\(\d{1,2}\)
    |\b[A-Z][A-Za-z]{1,11}[ ]Code\b
    |\b(?:IGF|IGC|IBC|ISM|ISPS|IMDG|IMSBC|NOx|BWM|EEDI|EEXI|CII|MASS|LNG|LPG|FRP|CSR|GBS|ESP|UMS|DP)\b
    """,
    re.VERBOSE,
)
MAYBE_INSTRUMENT: Final = re.compile(r"[A-Z](?:[A-Z]|\.\d|ec|nified|[A-Za-z]{1,11}+[ ]Code)")
"""What is in every line with an instrument, and found much faster: few lines have one."""
CODE: Final = re.compile(r"[PpJj](?<!\w.)(?i:(?<=p)[LS]|(?<=j)WG-[A-Z]{1,8})[ -]?\d{5,6}(?i:[a-z*_]{0,10})")
PREFIX: Final = re.compile(
    r"\A(?:\s|\[[^\[\]]{1,20}\]"
    r"|(?:re|aw|sv|fw|fwd|reply|forward|automatic reply|undeliverable|답장|회신|전달|자동 회신|回复|转发)"
    r"(?:\[\d{1,3}\])?\s?:)+",
    re.IGNORECASE,
)
GREETING: Final = re.compile(
    r"(?:dear|hello|hi|good\s(?:day|morning|afternoon|evening)|greetings|to all|수신|존경하는)\b.{0,60}\Z"
    r"|안녕하.{0,40}\Z",
    re.IGNORECASE,
)
CLOSING: Final = re.compile(
    r"""
    (?:
        (?:with\s)?(?:best|kind|kindest|warm|many\sthanks|thanks|thank\syou)(?:\s\w+){0,3}[,.!]?
        |(?:yours\s)?(?:sincerely|faithfully|truly)(?:\syours)?[,.]?
        |regards[,.]?|br,?|cheers,?
        |(?:대단히\s)?감사합니다(?:\..{0,20})?|고맙습니다\.?|(?:.{1,20}\s)?(?:드림|올림)
        |--\s?
    )\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
DISCLAIMERS: Final = (
    *("confidential", "disclaimer", "unsubscribe", "intended for", "intended only for", "general terms and conditions"),
    *("has reached you", "have reached you", "has received this", "have received this", "do not bind", "virus"),
    *("비밀 정보", "수신거부", "지정된 수신인"),
)
"""In lower case; a line with one of them says nothing."""
_STOP: Final = """
    a about above abs accordance according act add added additional after again against agenda ago agree agreed
    agrees all along already also although am among an and annex another answer answers any anybody anyone anything
    apart appear apply appreciate appreciated approach apr april are around as asap ask asked asks at attach
    attached attachment attachments attention aug august away back based basis be because become been before began
    begin behind being below best better between bilateral bnv both bring brought but by call called came can cannot
    case cases ccs certain chair chairman change changed changes circulate circulated classnk clear close closed
    colleague colleagues com come comes comment comments complete completed concern concerned concerning confirm
    confirmed consider considered consolidated contact contains content copy could crs current currently date day
    days deadline dear dec december decide decided detail details did difference differences different discuss
    discussed discussion discussions dnv do document documents does doing done down draft due during each early
    either else email end enough etc even ever every everybody everyone everything example expect expected
    experience explain ext external fact far feb february feel few figure file files final find fine first follow
    followed following follows for form former forward forwarded found free friday friendly from full further fyi
    general get give given gives gmt go goes going good got grateful great group had happy has have having he held
    hello help her here hi high him his hope how however http https i iacs idea if immediately important in inc
    include included including inform information instead internal into invited irs is issue issues it item items
    its itself jan january jul july jun june just justify keep kept kind kindly know known kst large last late later
    latest least leaves left less let like line list little long look looking low made mail mails main make makes
    making many mar march matter may me mean means meet meeting member members message might minutes miss monday
    month months more most mr mrs ms much multilateral must my name near need needed needs neither never new next no
    nobody non none nor not note noted nothing nov november now number object objection oct october of off office ok
    okay old on once one ones only open opinion option options or order org other others our out outside over own
    page panel paper paragraph part parts past pdf people per perhaps period phone place please point pointed points
    position possible prefer present priority problem proceed process proposal proposals propose proposed provide
    provided prs purpose put question questions quite raised rather reached read ready reason reasons receive
    received recent reference regard regarding regards related relevant remark remarks remind reminder replaced
    replies reply report request requested requests respect respond response responses result results return review
    revised revision right rina round said same saturday say says schedule second section see seem seen send sender
    sending sends sent sentence sep sept september set several shall she should show shown side similar since
    sincerely small so societies society some somebody someone something soon speak start state stated step still
    subject such suggest suggested sunday support supports sure table take taken takes task team technical
    technically tel telephone text than thank thanks that the their them then there therefore these they thing
    things think third this those though three through thursday thus time to today together told tomorrow too took
    topic toward tuesday turn two under understand understood unless until up upon urgent us use used useful uses
    using utc value values various version very via view views want was way we website wednesday week weeks well
    went were what when where whether which while who whole why will wish with within without word wording words
    work would write writer writes written wrote www year years yes yesterday yet you your yours
    book booking cob convenience e-mail earliest eob extended feedback hearing hotel inputs intend invites noon
    preferably reach responded revert scheduled sought submit submits submitted vote votes voting
"""
STOP: Final = frozenset(_STOP.split())
_KOREAN_STOP: Final = """
    안녕 감사 귀하 귀사 귀 선급 각 회원 회원사 위원 여러분 의견 회신 답변 답신 검토 확인 부탁 요청 첨부 파일 자료
    참고 관련 대하 대한 위하 통하 아래 이하 이상 내용 사항 본 건 해당 경우 때문 이번 다음 지난 현재 오늘 내일 어제
    금일 까지 부터 기한 마감 제출 송부 전달 공유 안내 문의 메일 의장 패널 의제 회의 개최 예정 일정 추가 이전 이후
    변경 수정 포함 제안 제안서 동의 지지 이의 질문 모든 모두 각각 그리고 그러나 또한 따라서 및 또는 등 것 수 중 더
    매우 빠른 필요 가능 사용 선급의 저희 우리 당사 당 귀선급 바람 감사드 수고 여유 긴급 중요 상세 자세 개정 반영
    문안 문구 지적 해석될 여지 비교 결과 차이 표시 부분 오전 오후 월요일 화요일 수요일 목요일 금요일 토요일 일요일
    휴가 부재중 복귀 후 전화 팩스 드림 올림 사안 논의 항목 생각 설명 같이 바람직 최종 합의 종료 회차 실시 진행 제시
    작성 요망 취합 회람 늦어 담당자 정오 찬반 양식 참석자 예약 호텔 이내
    완료 마감일 회신요청
"""
KOREAN_STOP: Final = frozenset(_KOREAN_STOP.split())
PARTICLE: Final = re.compile(
    r"(?:에서는|에서도|으로서|으로써|으로는|에게서|이라고|까지는|까지의|에서의|으로의|에서|에게|께서|께|까지|부터|보다|처럼|으로|이나|이며|이고|라고|라도|마다|조차|만큼|에는|에도|에의|와의|과의"
    r"|은|는|이|가|을|를|의|에|와|과|로|도|만)\Z"
)
LIKE_PARTICLE: Final = re.compile(
    r"(?:강도|온도|속도|제도|각도|밀도|농도|정도|년도|빈도|용도|습도|지도|경도|고도|회의|합의|협의|결의|동의|정의|논의|건의|문의|유의|주의|심의|평가|추가|국가|증가|허가"
    r"|인가|전문가|참가|휴가|차이|길이|높이|깊이|넓이|사이|추이|경로|통로|항로|선로|도로|결과|효과|초과|통과|경과|항만|불만|두께로|화재로|수로|진로|피로|원자로|보일러로|부이|게이지)\Z"
)
VERBAL: Final = re.compile(
    r"(?:다|요|까|하고|하여|하며|하는|하게|하기|하지|하면|해서|했던|되는|되어|되며|되지|된|될|하신|하시기|하시고|하십시오|주십시오|주시기|시기|바라며|드리며|드립니다|드릴|시면|시어|으신|주신|않은|않고|않는|있는|없는"
    r"|있음을|없음을|같은|위한|대한|대하여|위하여|통하여|따라|따른|관한|관하여|의한|인한|한|할|함|함을|됨|됨을|지만|므로|면서|려고|도록|거나)\Z"
)

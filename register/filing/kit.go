package filing

// Kit is what is filed of one algorithm: the parts of the form, each with its fields. An empty text means that it is not
// known yet. The tags say what a field may hold; see [Kit.Check].
type Kit struct {
	Subject        Subject        `json:"subject"`
	Responsibility Responsibility `json:"responsibility"`
	Algorithm      Algorithm      `json:"algorithm"`
	Detail         Detail         `json:"detail"`
	Report         Report         `json:"report"`
	Public         Public         `json:"public"`
	Listing        Listing        `json:"listing"`
	Products       []Product      `json:"products" kit:"list,if=provider"`
	Technical      Technical      `json:"technical" kit:"part,if=supporter"`
	Labels         Labels         `json:"labels"`
	Annexes        []Annex        `json:"annexes" kit:"list"`
}

// Subject is who files (主体信息). People are apart, in [People].
type Subject struct {
	Name    string `json:"name" kit:"line"`
	Code    string `json:"code" kit:"line"` // unified social credit code
	Licence string `json:"licence" kit:"sha256"`
	Type    string `json:"type" kit:"line"`
	Capital string `json:"capital" kit:"line"`
	Founded string `json:"founded" kit:"date"`
	Valid   string `json:"valid" kit:"line"` // of the licence: until when, or for good
	Address string `json:"address" kit:"line"`
}

// Responsibility is the statement of how the subject answers for the security of its algorithms (落实算法安全主体责任基本情况).
type Responsibility struct {
	Entity       string  `json:"entity" kit:"line"`
	Institution  string  `json:"institution" kit:"text"`  // how the dedicated institution is set up
	Duties       string  `json:"duties" kit:"text"`       // of its head
	Requirements string  `json:"requirements" kit:"text"` // of its staff
	Staff        int     `json:"staff" kit:"count"`
	Means        string  `json:"means" kit:"text"` // technical
	Systems      Systems `json:"systems"`
}

// Systems are the rules that the subject gave itself.
type Systems struct {
	SelfAssessment string `json:"self_assessment" kit:"text"`
	Information    string `json:"information" kit:"text"` // monitoring of information security
	Data           string `json:"data" kit:"text"`
	Personal       string `json:"personal" kit:"text"`
	Algorithm      string `json:"algorithm" kit:"text"`
	Emergency      string `json:"emergency" kit:"text"`
	Violations     string `json:"violations" kit:"text"`
	Other          string `json:"other" kit:"text,optional"`
}

// Algorithm is the basic information of the algorithm (算法基础属性信息).
type Algorithm struct {
	Type    string `json:"type" kit:"word=generation recommendation ranking retrieval filtering scheduling"`
	Name    string `json:"name" kit:"line"`
	Role    string `json:"role" kit:"word=provider supporter"`
	Field   string `json:"field" kit:"line"`
	Scene   string `json:"scene" kit:"line"`
	Online  string `json:"online" kit:"date"`
	Version string `json:"version" kit:"line"`
	Number  string `json:"number" kit:"line,optional"` // filing number, of an algorithm that has one
}

// Detail is the detailed information of the algorithm (算法详细属性信息).
type Detail struct {
	Input        []Modality `json:"input" kit:"list"`
	Output       []Modality `json:"output" kit:"list"`
	Training     Training   `json:"training"`
	Biometric    string     `json:"biometric" kit:"word=yes no"`
	BiometricUse string     `json:"biometric_use" kit:"text,if=biometric"`
	Identity     string     `json:"identity" kit:"word=yes no"` // whether it processes information that tells who somebody is
	Models       []Model    `json:"models" kit:"list"`
	Deployment   string     `json:"deployment" kit:"line"`
	Strategy     string     `json:"strategy" kit:"text"`
	InputReview  Review     `json:"input_review"`
	OutputReview Review     `json:"output_review"`
	Explicit     string     `json:"explicit" kit:"text"` // marking of results that people perceive
	Implicit     string     `json:"implicit" kit:"text"`
}

// Modality is one kind of data that goes in or comes out.
type Modality struct {
	Modality string   `json:"modality" kit:"word=text image audio video other"`
	Formats  []string `json:"formats" kit:"list"`
	Size     string   `json:"size" kit:"line"`
}

// Training says where the training data come from.
type Training struct {
	Source    string `json:"source" kit:"text"`
	Scale     string `json:"scale" kit:"line"`
	Labelling string `json:"labelling" kit:"text"`
}

// Model is a model that the algorithm works with.
type Model struct {
	Name    string `json:"name" kit:"line"`
	Version string `json:"version" kit:"line,optional"`
	Own     string `json:"own" kit:"word=yes no"`
	Number  string `json:"number" kit:"line,optional"`  // filing number of a third party's
	Proof   string `json:"proof" kit:"sha256,optional"` // annex that shows the contract with the third party
}

// Review says what is reviewed and how.
type Review struct {
	Scope  string `json:"scope" kit:"text"`
	Method string `json:"method" kit:"text"`
}

// Shot is a picture of a screen, by the digest of the annex that has its bytes.
type Shot struct {
	SHA256  string `json:"sha256" kit:"sha256"`
	Caption string `json:"caption" kit:"line"`
}

// Section is a part of the report.
type Section struct {
	Text  string `json:"text" kit:"text"`
	Shots []Shot `json:"shots" kit:"list,optional"`
}

// Report is the self-assessment report of the algorithm (算法安全自评估报告).
type Report struct {
	Kind         string    `json:"kind" kit:"word=first change"`
	Entity       string    `json:"entity" kit:"line"`
	Name         string    `json:"name" kit:"line"`
	Type         string    `json:"type" kit:"word=generation recommendation ranking retrieval filtering scheduling"`
	Field        string    `json:"field" kit:"line"`
	Scene        string    `json:"scene" kit:"line"`
	Online       string    `json:"online" kit:"date"`
	Basics       string    `json:"basics" kit:"text"`
	Descriptions []string  `json:"descriptions" kit:"list"` // of the algorithm, items 1 to 7 of the head table
	Dangers      []string  `json:"dangers" kit:"list"`      // items 1 to 8 of the head table
	Statement    string    `json:"statement" kit:"text"`    // that what is filed is true
	Flow         Section   `json:"flow"`                    // 一 算法情况
	Data         Section   `json:"data"`
	Model        Section   `json:"model"`
	Intervention Section   `json:"intervention"`
	Marking      Section   `json:"marking" kit:"part,starred"`
	Services     []Service `json:"services" kit:"list,if=provider"` // 二 服务情况
	Abuse        Section   `json:"abuse"`                           // 三 风险研判
	Loophole     Section   `json:"loophole"`
	Malice       Section   `json:"malice"`
	OtherRisks   Section   `json:"other_risks"`
	Mechanism    Section   `json:"mechanism"` // 四 风险防控
	Rights       Section   `json:"rights" kit:"part,starred"`
	Ecology      Section   `json:"ecology" kit:"part,starred"`
	ModelSafety  Section   `json:"model_safety"`
	DataSafety   Section   `json:"data_safety"`
	Conclusion   string    `json:"conclusion" kit:"text"` // 五
	Other        string    `json:"other" kit:"text,optional"`
}

// Service is how the report shows one product.
type Service struct {
	Product string `json:"product" kit:"line"`
	Form    string `json:"form" kit:"word=app website mini-program other"`
	Entry   string `json:"entry" kit:"line"`
	Users   string `json:"users" kit:"line"`
	ICP     string `json:"icp" kit:"line"`
}

// Public is the content to be publicised (拟公示内容).
type Public struct {
	Name      string `json:"name" kit:"line"`
	Principle string `json:"principle" kit:"text"`
	Mechanism string `json:"mechanism" kit:"text"`
	Scene     string `json:"scene" kit:"text"`
	Purpose   string `json:"purpose" kit:"text"`
	Status    string `json:"status" kit:"text,optional"`
}

// Listing is how the public list would show the algorithm: the columns 应用产品 and 主要用途.
type Listing struct {
	Product string `json:"product" kit:"line"`
	Use     string `json:"use" kit:"text"`
}

// Product is where the algorithm is used (产品及功能信息).
type Product struct {
	Name   string `json:"name" kit:"line"`
	Form   string `json:"form" kit:"word=app website mini-program other"`
	At     string `json:"at" kit:"line"`     // address, or name of the package
	Path   string `json:"path" kit:"line"`   // from the first page to the function
	ICP    string `json:"icp" kit:"line"`    // number of the ICP filing
	Holder string `json:"holder" kit:"line"` // of the ICP filing
}

// Technical is how a supporter offers its technology.
type Technical struct {
	Mode      string `json:"mode" kit:"line"`
	Interface string `json:"interface" kit:"line"`
	Customers string `json:"customers" kit:"text"`
}

// Labels are the label materials of Labelling Measures Art. 12.
type Labels struct {
	Explicit  string `json:"explicit" kit:"text"`
	Places    []Shot `json:"places" kit:"list"` // where the notice stands
	Implicit  string `json:"implicit" kit:"text"`
	Fields    string `json:"fields" kit:"text"` // of the metadata, and their place in the file
	Code      string `json:"code" kit:"line"`   // provider code
	Lookup    string `json:"lookup" kit:"text"` // how an item is found by its content number
	Reading   []Shot `json:"reading" kit:"list"`
	Agreement string `json:"agreement" kit:"text"` // where the service agreement says it
}

// Annex is a file that goes with the kit. Its bytes lie elsewhere.
type Annex struct {
	Kind   string `json:"kind" kit:"word=commitment responsibility report public screenshot licence contract label other"`
	Name   string `json:"name" kit:"line"`
	Type   string `json:"type" kit:"line"` // media type
	SHA256 string `json:"sha256" kit:"sha256"`
}

// People are the persons whom a filing names. They are sealed.
type People struct {
	Legal       Person `json:"legal"`       // legal representative
	Responsible Person `json:"responsible"` // for the security of algorithms (算法安全责任人)
	Contact     Person `json:"contact"`
	Head        Person `json:"head"` // of the dedicated institution
}

// Person is one of them.
type Person struct {
	Name  string `json:"name" kit:"line"`
	Post  string `json:"post" kit:"line,optional"`
	ID    string `json:"id" kit:"line"`
	Phone string `json:"phone" kit:"line"`
	Mail  string `json:"mail" kit:"line,optional"`
}
